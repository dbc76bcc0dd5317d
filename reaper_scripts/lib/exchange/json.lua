--- JSON (RFC 8259) for the spool's messages. Strict in both directions; opens no file.
-- null is `json.null`; arrays carry a mark, so that an empty one stays an array.
local json = {}

local Array = { __name = "json.array" }
local Encoded = { __name = "json.encoded" }
local MAX_DEPTH = 64

json.null = setmetatable({}, { __tostring = function() return "null" end })

--- Mark a list as an array, also when it is empty.
function json.array(list)
  return setmetatable(list or {}, Array)
end

function json.is_array(value)
  return getmetatable(value) == Array
end

--- `value` as text that a later `encode` takes in as it is: a long message is made a piece at a time.
function json.encoded(value)
  return setmetatable({ text = json.encode(value) }, Encoded)
end

---------------------------------------------------------------------------------------------- text

local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\", ["\b"] = "\\b", ["\f"] = "\\f", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape(character)
  return ESCAPES[character] or string.format("\\u%04x", character:byte())
end

--- The length of the valid UTF-8 character at `position`, or nil.
local function character_length(text, position)
  local first, second = text:byte(position, position + 1)
  local length = first < 0x80 and 1 or first < 0xC2 and 0 or first < 0xE0 and 2 or first < 0xF0 and 3 or first < 0xF5 and 4 or 0
  if length <= 1 then return length == 1 and 1 or nil end
  local low = first == 0xE0 and 0xA0 or first == 0xF0 and 0x90 or 0x80
  local high = first == 0xED and 0x9F or first == 0xF4 and 0x8F or 0xBF
  if not second or second < low or second > high then return nil end
  local rest = text:sub(position + 2, position + length - 1)
  return #rest == length - 2 and not rest:find("[^\x80-\xBF]") and length or nil
end

--- Plugins may display bytes that are no UTF-8: each becomes U+FFFD.
local function to_utf8(text)
  if not text:find("[\x80-\xFF]") then return text end
  local parts, position = {}, 1
  while position <= #text do
    local length = character_length(text, position)
    parts[#parts + 1] = length and text:sub(position, position + length - 1) or "\u{FFFD}"
    position = position + (length or 1)
  end
  return table.concat(parts)
end

local function encode_string(text)
  if not text:find('[%c"\\\x7F-\xFF]') then return '"' .. text .. '"' end
  return '"' .. to_utf8(text):gsub('[%c"\\\x7F]', escape) .. '"'
end

--- Whether a number is one that JSON can hold: neither infinite nor NaN.
function json.is_finite(number)
  return number == number and math.abs(number) < math.huge
end

--- Return the name of a field of `object` that is not of its kind in `kinds` ({name = type}), or is a number that JSON
-- cannot hold; nil where all are.
function json.odd_field(object, kinds)
  for name, kind in pairs(kinds) do
    local value = object[name]
    if type(value) ~= kind or (kind == "number" and not json.is_finite(value)) then return name end
  end
  return nil
end

local function encode_number(number)
  if math.type(number) == "integer" then return string.format("%d", number) end
  if not json.is_finite(number) then error("JSON has no number for " .. tostring(number)) end
  local text = string.format("%.15g", number)
  if tonumber(text) ~= number then text = string.format("%.17g", number) end
  if text:find(",", 1, true) then text = text:gsub(",", ".") end -- a host may have set a locale with a decimal comma
  return text:find("[.e]") and text or text .. ".0"
end

local encode_value

local function encode_array(list, depth, pause)
  local parts = {}
  for index = 1, #list do parts[index] = encode_value(list[index], depth, pause) end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(object, depth, pause)
  local keys, parts = {}, {}
  for key in pairs(object) do
    if type(key) ~= "string" then error("JSON object with the key " .. tostring(key) .. "; keys are text") end
    keys[#keys + 1] = key
  end
  table.sort(keys)
  for index, key in ipairs(keys) do
    parts[index] = encode_string(key) .. ":" .. encode_value(object[key], depth, pause)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function encode_value(value, depth, pause)
  local kind = type(value)
  if value == json.null then return "null" end
  if kind == "string" then return encode_string(value) end
  if kind == "number" then return encode_number(value) end
  if kind == "boolean" then return tostring(value) end
  if kind ~= "table" then error("JSON cannot hold a " .. kind) end
  if getmetatable(value) == Encoded then return value.text end
  if depth >= MAX_DEPTH then error("JSON nested deeper than " .. MAX_DEPTH) end
  if pause then pause() end
  return (json.is_array(value) and encode_array or encode_object)(value, depth + 1, pause)
end

--- The JSON text of `value`; raises for what JSON cannot hold (NaN, functions, keys that are no text). `pause` is called
-- before each list and object, and may yield; what it raises passes through.
function json.encode(value, pause)
  return encode_value(value, 0, pause)
end

------------------------------------------------------------------------------------------- reading

local function stop(position, what)
  error(string.format("JSON: %s at byte %d", what, position), 0)
end

local UNESCAPES = { ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t" }

--- A \u escape at `position` (after the backslash): its text and the position behind it.
local function decode_unicode(text, position)
  local code = text:match("^u(%x%x%x%x)", position)
  if not code then stop(position, "a broken \\u escape") end
  local point, next_position = tonumber(code, 16), position + 5
  local low = point >= 0xD800 and point <= 0xDBFF and text:match("^\\u([dD][c-fC-F]%x%x)", next_position)
  if low then
    return utf8.char(0x10000 + (point - 0xD800) * 0x400 + tonumber(low, 16) - 0xDC00), next_position + 6
  end
  if point >= 0xD800 and point <= 0xDFFF then point = 0xFFFD end -- half of a pair alone
  return utf8.char(point), next_position
end

local function decode_string(text, position)
  local first = text:find('[%c"\\]', position + 1)
  if first and text:byte(first) == 34 then return text:sub(position + 1, first - 1), first + 1 end -- mostly: nothing escaped
  local parts, cursor = {}, position + 1
  while true do
    local stretch_end = text:find('[%c"\\]', cursor)
    if not stretch_end then stop(position, "text without an end") end
    parts[#parts + 1] = text:sub(cursor, stretch_end - 1)
    local character = text:sub(stretch_end, stretch_end)
    if character == '"' then return table.concat(parts), stretch_end + 1 end
    if character == "\x7F" then
      parts[#parts + 1], cursor = character, stretch_end + 1
    elseif character ~= "\\" then
      stop(stretch_end, "a control character in text")
    elseif text:sub(stretch_end + 1, stretch_end + 1) == "u" then
      parts[#parts + 1], cursor = decode_unicode(text, stretch_end + 1)
    else
      local plain = UNESCAPES[text:sub(stretch_end + 1, stretch_end + 1)]
      if not plain then stop(stretch_end, "an unknown escape") end
      parts[#parts + 1], cursor = plain, stretch_end + 2
    end
  end
end

local function decode_number(text, position)
  local share, behind = text:match("^(%-?%d%.%d+)()[,%]} \t\r\n]", position) -- mostly: a normalized value
  if share then return tonumber(share) or tonumber((share:gsub("%.", ","))), behind end
  local token = text:match("^-?%d+%.?%d*[eE]?[-+]?%d*", position)
  local whole, rest = (token or ""):match("^-?(%d+)(.*)$")
  local is_sound = whole and (whole == "0" or not whole:find("^0"))
    and (rest == "" or rest:find("^%.%d+$") or rest:find("^[eE][-+]?%d+$") or rest:find("^%.%d+[eE][-+]?%d+$"))
  if not is_sound then stop(position, "something that is no value") end
  local number = tonumber(token) or tonumber((token:gsub("%.", ","))) -- the second: a locale with a comma
  return number, position + #token
end

local VALUES_AT_ONCE = 256
local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", json.null } }

local decode_value

local function skip(text, position)
  return text:find("[^ \t\r\n]", position) or #text + 1
end

--- Decode what lies between the opening mark at `position` and `close`, separated by commas: `member(position)` decodes one
-- and returns the position behind it. Returns the position behind `close`.
local function decode_members(text, position, close, member)
  position = skip(text, position + 1)
  if text:sub(position, position) == close then return position + 1 end
  while true do
    position = skip(text, member(position))
    local mark = text:sub(position, position)
    if mark == close then return position + 1 end
    if mark ~= "," then stop(position, "a value without , or " .. close .. " behind it") end
    position = skip(text, position + 1)
  end
end

local function decode_array(source, position, depth)
  local list = json.array()
  return list, decode_members(source.text, position, "]", function(place)
    list[#list + 1], place = decode_value(source, place, depth)
    return place
  end)
end

local function decode_object(source, position, depth)
  local object, text = {}, source.text
  return object, decode_members(text, position, "}", function(place)
    if text:sub(place, place) ~= '"' then stop(place, "an object without a key") end
    local key
    key, place = decode_string(text, place)
    place = skip(text, place)
    if text:sub(place, place) ~= ":" then stop(place, "a key without :") end
    object[key], place = decode_value(source, skip(text, place + 1), depth)
    return place
  end)
end

--- Decode the value at `position` of a source {text, pause, values (so far)}. Returns it and the position behind it.
function decode_value(source, position, depth)
  if depth >= MAX_DEPTH then stop(position, "nesting deeper than " .. MAX_DEPTH) end
  source.values = source.values + 1
  if source.pause and source.values % VALUES_AT_ONCE == 0 then source.pause() end
  local text = source.text
  local character = text:sub(position, position)
  if character == "{" then return decode_object(source, position, depth + 1) end
  if character == "[" then return decode_array(source, position, depth + 1) end
  if character == '"' then return decode_string(text, position) end
  local word = WORDS[character]
  if word and text:sub(position, position + #word[1] - 1) == word[1] then return word[2], position + #word[1] end
  return decode_number(text, position)
end

--- Return the value of a whole JSON text; raises a message with the byte position for anything else. `pause` is called
-- now and then in a long one, and may yield; what it raises passes through.
function json.decode(text, pause)
  local value, position = decode_value({ text = text, pause = pause, values = 0 }, skip(text, 1), 0)
  position = skip(text, position)
  if position <= #text then stop(position, "more text behind the value") end
  return value
end

return json
