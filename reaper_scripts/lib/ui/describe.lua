--- English for facts: the one module on REAPER's side that makes sentences of them, by `ui.sentence_table`. The daemon has its
-- own (`bridge/automix/describe.py`, `bridge/reaper/describe.py`). Numbers may lack what has its default, 0.
local json = require("exchange.json")
local sentences = require("ui.sentence_table")
local user_error = require("runtime.user_error")

local describe = {}

local EXCERPTS_S, SHORT_S = 0.5, 1.0 -- by how much excerpts are shorter than a range, and below what a range is told more exactly
local MOST_NAMES, MOST_CHARACTERS = 4, 30 -- in a list of many, and of each

local function text_of(value)
  return type(value) == "string" and value or ""
end

local function number_of(value)
  return type(value) == "number" and value or 0
end

local function object_of(value)
  return type(value) == "table" and value ~= json.null and value or {}
end

--- Fill the values of `fact` into a template. `more` holds what is not in the fact itself.
local function fill(template, fact, more)
  return (template:gsub("{([%w_]+):?([^}]*)}", function(name, format)
    local value = more and more[name]
    if value == nil then value = fact[name] end
    if format ~= "" then return string.format(format, number_of(value)) end
    if type(value) == "table" and value.kind then return describe.fact(value) end
    return value ~= nil and value ~= json.null and tostring(value) or ""
  end))
end

--- "a", "a and b", "a, b and c".
local function listed(names)
  if #names < 2 then return names[1] or "" end
  return table.concat(names, ", ", 1, #names - 1) .. " and " .. names[#names]
end

--- The first few of many names, and how many more there are.
local function shortened(names)
  if #names <= MOST_NAMES then return names end
  local first = table.move(names, 1, MOST_NAMES - 1, 1, {})
  first[MOST_NAMES] = string.format("%d more", #names - MOST_NAMES + 1)
  return first
end

--- Return the sentence of a problem, a reason or a step. A text is one already: a slip in the scripts.
function describe.fact(fact)
  if type(fact) == "string" then return fact end
  local kind, names = fact.kind, object_of(fact.names)
  return fill(sentences.problems[kind] or sentences.reasons[kind] or sentences.steps[kind] or sentences.left_alone[kind] or kind, fact, {
    stretch = sentences.stretches[fact.source], names = listed(shortened(names)), those = #names == 1 and "that" or "those",
  })
end

--- Return a question to the user.
function describe.question(fact)
  return fill(sentences.questions[fact.kind], fact, { names = listed(shortened(fact.names)) }) .. sentences.questions.answers
end

--- A name as it fits into a line with others: without line breaks, and not longer than `MOST_CHARACTERS`.
local function short_name(name)
  local plain = name:gsub("%c", " ")
  local cut = utf8.len(plain) and utf8.offset(plain, MOST_CHARACTERS + 1)
  return cut and cut <= #plain and plain:sub(1, cut - 1) .. "..." or plain
end

--- Return one line on problems of one kind, each of another track. The fewest words are the first one's own.
function describe.group(facts)
  local first, names = facts[1], {}
  if #facts == 1 then return describe.fact(first) end
  for index, fact in ipairs(facts) do names[index] = short_name(fact.track or "") end
  local tracks = string.format("%d tracks (%s)", #facts, listed(shortened(names)))
  local template = sentences.groups[first.kind] or sentences.problems[first.kind] or first.kind
  return fill(template, first, { tracks = tracks, track = tracks, stretch = sentences.stretches[first.source] })
end

--- Return the sentence of what ended an action, as `ticks.run` gives it.
function describe.problem(problem)
  return describe.fact(user_error.fact(problem) or user_error.new("slip", { text = tostring(problem) }))
end

---------------------------------------------------------------------------------------------- what was left alone

--- Return why one thing was left alone.
function describe.reason(row)
  local template = sentences.left_alone[row.kind] or text_of(row.kind)
  local requirement = sentences.requirements[row.requirement] or "{parameter} is not neutral"
  return fill(template, row, {
    requirement = fill(requirement, row), band = fill(sentences.bands[row.band_type] or sentences.bands.other, row),
    modulation = sentences.modulations[row.modulation] or "something else",
  })
end

--- Return {what, why} of each thing that was left alone; reasons of one thing that follow each other are joined.
function describe.left_alone(rows)
  local list = {}
  for _, row in ipairs(rows) do
    local last, what = list[#list], text_of(row.what)
    if last and last.what == what then
      last.why = last.why .. "; " .. describe.reason(row)
    else
      list[#list + 1] = { what = what, why = describe.reason(row) }
    end
  end
  return list
end

--- Return what a gesture has come to (see `amount_gesture:finish`): the amount, and a list of what is not as wanted.
function describe.outcome(outcome)
  local notes = {}
  for _, name in ipairs(outcome.refused) do notes[#notes + 1] = "REAPER shows another value for " .. name end
  for _, item in ipairs(outcome.left) do notes[#notes + 1] = string.format("%s stays as it is: %s", item.what, describe.reason(item)) end
  return outcome.is_compared and "as it was" or string.format("amount %d %%", math.floor(100 * outcome.amount + 0.5)), notes
end

---------------------------------------------------------------------------------------------- replies

local ORIGINS = { tone_match = true, chain_search = true }
local APPLIED = { improved = true, loudness_only = true, attenuated = true } -- decisions by which new settings take effect

--- How near the sound lies to those of the training, where that was measured.
local function familiarity_text(decision)
  local nearest_db, familiar_db = decision.nearest_db, decision.familiar_db
  if type(nearest_db) ~= "number" or type(familiar_db) ~= "number" then return "" end
  return fill(nearest_db <= familiar_db and sentences.decisions.familiar or sentences.decisions.unfamiliar_sound, decision)
end

local function decision_text(decision)
  local kind, loudness = decision.kind, object_of(decision.loudness)
  if kind == "improved" and loudness.kind then kind = "improved_tone" end
  local by = type(decision.loudness_change_lu) == "number" and string.format(" by %+.1f LU", decision.loudness_change_lu) or ""
  local places = decision.regions == 1 and "place" or "places"
  local more = decision.is_part == true and sentences.decisions.select_more or ""
  local of = text_of(decision.role) ~= "" and " of " .. decision.role or ""
  local text = fill(sentences.decisions[kind] or text_of(kind), decision, { places = places, by = by, more = more, of = of })
  if kind == "improved" and by ~= "" then text = text .. fill(sentences.decisions.loudness_changes, decision) end
  if kind == "attenuated" and number_of(decision.reverted_regions) > 0 then text = text .. fill(sentences.decisions.reverted, decision) end
  if loudness.kind then text = text .. fill(sentences.loudness[loudness.kind], loudness) end
  if APPLIED[decision.kind] and ORIGINS[decision.origin] then text = text .. sentences.decisions[decision.origin] end
  if decision.kind == "improved" and decision.origin == "tone_range" then text = text .. sentences.decisions.tone_range end
  text = text .. (sentences.decisions.not_refined[decision.search] or "")
  return text .. familiarity_text(decision)
end

local function skipped_text(reply)
  local kind, reasons = text_of(reply.skipped), {}
  if kind == "nothing_to_set" and #reply.add_fx > 0 then kind = "lacks_all_fx" end
  for place, item in ipairs(describe.left_alone(reply.left_alone)) do
    if place <= 3 then reasons[place] = item.what .. ": " .. item.why end
  end
  local fx = kind == "not_rendered" and reply.unrendered or reply.add_fx
  return fill(sentences.decisions[kind] or kind, reply, { fx = listed(fx), reasons = table.concat(reasons, "; ") })
end

--- Which stretch was listened to, and why; "" where none was.
local function analysed_text(analysed)
  if not analysed.source then return "" end
  local start_s, end_s, aside = number_of(analysed.start_s), number_of(analysed.end_s), ""
  local length_s, receives = end_s - start_s, number_of(analysed.side_receives)
  local kind = number_of(analysed.heard_s) < length_s - EXCERPTS_S and "excerpts" or length_s < SHORT_S and "short" or "all"
  if number_of(analysed.channels) > 2 then
    aside = fill(sentences.analysed[receives > 0 and "channels_and_receives" or "channels"], analysed, { sends = receives == 1 and "track sends" or "tracks send" })
  end
  local stretch = sentences.stretches[analysed.source]
  if analysed.is_rendered == true then
    stretch = fill(sentences.analysed.rendered, analysed, { stretch = analysed.source == "items" and sentences.analysed.sources or stretch })
  end
  return fill(sentences.analysed[kind], analysed, { stretch = stretch, aside = aside })
end

--- Return one line on a reply of the daemon's: its error, else what was decided.
function describe.reply(reply)
  local decision, balance, unsupported = object_of(reply.decision), object_of(reply.balance), object_of(reply.unsupported)
  if reply.status == "error" then return text_of(reply.error) end
  local text = decision.kind and decision_text(decision) or skipped_text(reply)
  if balance.role then
    text = (APPLIED[decision.kind] and text or sentences.decisions.tone_stays) .. fill(sentences.decisions.balanced, balance)
  end
  local unrendered = object_of(reply.unrendered)
  local computed = object_of(reply.computed)
  if reply.verified then
    text = text .. sentences.decisions.verified
  else
    if #unrendered > 0 and decision.kind then text = text .. fill(sentences.decisions.judged_without, reply, { fx = listed(unrendered) }) end
    if #computed > 0 and APPLIED[decision.kind] then text = text .. fill(sentences.decisions.computed, reply, { fx = listed(computed) }) end
  end
  local is_model_used = decision.kind or reply.skipped == "nothing_to_set"
  if #unsupported > 0 and is_model_used then
    text = text .. fill(sentences.decisions.unsupported, reply, { slots = table.concat(unsupported, ", ") })
  end
  return text .. analysed_text(object_of(reply.heard))
end

--- Return one line on the daemon's reply about the balance between tracks.
function describe.balance(reply)
  local decision = object_of(reply.decision)
  if not decision.kind then return text_of(reply.error) end
  local names = object_of(decision.names)
  local text = fill(sentences.balance[decision.kind] or decision.kind, decision, { names = listed(names), play = #names == 1 and "plays" or "play" })
  return decision.kind == "improved" and text or fill(sentences.problems.balance_stays, { reason = text })
end

---------------------------------------------------------------------------------------------- explanations

local function hertz(frequency_hz)
  if frequency_hz >= 1000 then return string.format("%g", frequency_hz / 1000), "kHz" end
  return string.format("%g", frequency_hz), "Hz"
end

--- A frequency band as people speak of it; nil is an open end.
local function band(low_hz, high_hz)
  if type(low_hz) ~= "number" then return "Below " .. table.concat({ hertz(number_of(high_hz)) }, " ") end
  if type(high_hz) ~= "number" then return "Above " .. table.concat({ hertz(low_hz) }, " ") end
  local low, low_unit = hertz(low_hz)
  local high, high_unit = hertz(high_hz)
  if low_hz == high_hz then return string.format("Around %s %s", low, low_unit) end
  return string.format("%s-%s %s", low_unit == high_unit and low or low .. " " .. low_unit, high, high_unit)
end

--- "1.2 dB above", or `alike` where there is no difference to speak of.
local function compared(gap, unit, more, less, alike)
  if math.abs(gap) < 0.05 then return alike end
  return string.format("%.1f %s %s", math.abs(gap), unit, gap > 0 and more or less)
end

--- Return one sentence on why a control was changed; "" where that is not said.
function describe.explanation(explanation)
  local one = object_of(explanation)
  if not one.kind then return "" end
  local before_db, after_db, effect_db = number_of(one.before_db), number_of(one.after_db), number_of(one.effect_db)
  local direction = effect_db > 0 and "raises" or "lowers"
  return fill(sentences.explanations[one.kind] or one.kind, one, {
    band = band(one.low_hz, one.high_hz), goal = one.has_reference == true and "the reference" or "the target",
    before = compared(before_db, "dB", "above", "below", "level with"),
    after = compared(after_db, "dB", "above", "below", "level with it"),
    effect = type(one.effect_db) == "number" and string.format("; this alone %s it by %.1f dB", direction, math.abs(effect_db)) or "",
    direction = effect_db > 0 and "up" or "down", size_db = math.abs(effect_db),
    louder_before = compared(before_db, "LU", "louder than", "softer than", "as loud as"),
    louder_after = compared(after_db, "LU", "louder than", "softer than", "as loud as"),
  })
end

return describe
