--- English for facts, by kind: {name} stands for a value of the fact, {name:%.1f} for a number of it as `string.format`
-- writes it. A value that is a fact itself is put into words first. Data only; `ui.describe` fills them in.
local sentences = {}

local STEM = " To set its FX all the same: let REAPER render it (in Bridge's panel: More), or bypass them, render the track as a stem (Track > Render/freeze tracks), put the FX on the stem's"
  .. " track and run the action there."
local RUN_AGAIN = " Run the action again."
local UNCHANGED = " Nothing was changed."
local NOT_WRITTEN = "{path} could not be written: {error}. Free some disk space or check the folder's rights."

--- Problems that end a job or an action.
sentences.problems = {
  cancelled = "Cancelled." .. UNCHANGED,
  slip_on_surface = "Bridge met a fault of its own; REAPER shows it.",
  slip = "Bridge met a fault of its own and stopped. Please report this:\n{text}",
  -- the daemon and its messages
  no_bridge_folder = "Bridge's folder could not be found. Run `reaper-bridge install`.",
  no_daemon = "Bridge's daemon is not running. Start it in a terminal with: reaper-bridge daemon",
  daemon_stopped = "The daemon stopped while it worked on {track}. Nothing was changed on it. Start it with: reaper-bridge daemon",
  daemon_error = "{track}: {text}",
  unreadable_message = "{file} is not a message of Bridge ({error})." .. RUN_AGAIN,
  other_schema = "{file} has schema version {schema}; these scripts speak version {own}. Install both of the same release (`reaper-bridge install`).",
  malformed_reply = "The daemon's reply is malformed: {text}." .. UNCHANGED .. RUN_AGAIN:sub(1, -2) .. ", and report this if it stays.",
  message_too_long = "The track's FX list holds {bytes} bytes, and a message at most {most}. Take FX off the track.",
  file_too_long = "{path} is longer than a message can be. Remove it and run the action again.",
  not_written = NOT_WRITTEN,
  not_renamed = "{path} could not be renamed to its name: {error}. Check the folder's rights.",
  -- tracks
  nothing_selected = "No track is selected. Select the track whose plugins Bridge shall set, and run the action again.",
  no_such_track = "There is no track {number}: this project has {count}. Send the number of one of them.",
  master_not_meant = "The master track cannot be set by this action. Run \"Bridge: Master the mix\", or select other tracks.",
  folder_track = "{track} is a folder: its FX get the sum of the tracks inside, which no script can listen to. Run the action on"
    .. " those." .. STEM,
  folder_with_items = "{track} is a folder with items of its own: its FX get these and the tracks inside together, and a script can"
    .. " listen to the items alone. Run the action on the tracks inside." .. STEM,
  bus_track = "{track} is a bus: its sound comes from {names}, by receives that no script can listen to. Run the action on"
    .. " {those}." .. STEM,
  items_and_receives = "{track} has items and receives from {names}: its FX get both together, and a script can listen to the items"
    .. " alone." .. STEM,
  instrument_track = "{track} is played by {fx}: an instrument's sound cannot be listened to before the FX behind it." .. STEM,
  midi_track = "{track} holds MIDI, which is no sound before an instrument plays it. Run the action on the track that the instrument's"
    .. " sound goes to.",
  many_channels = "{track} plays more than two of its {channels:%d} channels, and Bridge listens to and renders two. Split its items into"
    .. " stereo tracks.",
  muted_track = "{track} is muted and was skipped: beside others it has no level. Unmute it and run the action again.",
  set_while_muted = "it is muted: what was set is heard once you unmute it",
  fx_button_off = "The FX button of {track} is off: nothing that Bridge sets would be heard. Switch it on and run the action again.",
  records_automation = "{track} is in {mode} mode, in which REAPER records whatever is set as automation. Put it into Trim/Read and run"
    .. " the action again.",
  no_fx = "{track} has no FX. Add the plugins that Bridge shall set, or run \"Bridge: Auto-mix track, adding missing FX\".",
  nothing_to_learn = "{track} has no FX: there is nothing to learn.",
  lacks_fx = "{track} lacks {fx}. Add them, or run \"Bridge: Auto-mix track, adding missing FX\".",
  unknown_fx = "{track} needs {fx}, which REAPER cannot find. Install it (or rescan plugins) and run the action again.",
  items_kept_changing = "The items of the track kept changing while Bridge read them." .. RUN_AGAIN,
  chain_kept_changing = "The FX of the track kept changing while Bridge read them." .. RUN_AGAIN,
  skipped_listening = "{track} was skipped: {reason} while Bridge was listening. Nothing was changed on it.",
  skipped_adding = "{track} was skipped: {reason}.",
  preferred_missing = "{fx}, which you prefer, is not installed here: {instead} was added in its place.",
  preferred_unusable = "{fx}, which you prefer, cannot be set by Bridge: {instead} was added in its place.",
  -- audio
  no_items = "{track} has no items: there is nothing to listen to. Select a track with audio on it.",
  only_muted_items = "{track} has only muted items: there is nothing to listen to. Unmute what is to be heard.",
  no_items_in_selection = "{track} has no items in the time selection. Move the selection onto them or remove it.",
  silent = "{track} is silent from {start_s:%.1f} s to {end_s:%.1f} s ({stretch}). Select a time range in which it plays.",
  too_long = "Automation is written over {most_s} s at most, and {track} has {length_s:%.0f} s. Select a shorter time range.",
  unreadable_audio = "REAPER could not read the track's audio. Check that its media is online.",
  audio_kept_changing = "{track} kept changing while Bridge listened. Stop recording or editing it, and run the action again.",
  no_mix = "The project is empty: there is no mix to master.",
  silent_mix = "The mix is silent. Unmute what it is made of, or select a time range in which it plays.",
  no_render = "REAPER rendered no mix: the render was cancelled or failed." .. RUN_AGAIN,
  no_track_render = "REAPER rendered nothing of {track}: the render was cancelled or failed." .. UNCHANGED,
  render_cut_short = "REAPER rendered {written_s:%.1f} s of {wanted_s:%.1f} s of {track}: the render was cancelled, or the disk is full."
    .. UNCHANGED,
  silent_render = "REAPER renders {track} as silence from {start_s:%.1f} s to {end_s:%.1f} s ({stretch}). Check that the media of what"
    .. " feeds it is online, or select a time range in which it plays.",
  bypass_automated = "{track} could not be rendered before its FX: an envelope switches {fx} on and off. Disarm that envelope, and run"
    .. " the action again.",
  fx_gone_listening = "{track} was skipped: an FX was removed while Bridge was listening. Nothing was changed on it.",
  recording = "REAPER is recording, and cannot render meanwhile. Stop recording, and run the action again.",
  unusable_render = "REAPER's render {path} {text}. Look into Project Settings > Media for a limit, and run the action again.",
  -- the reference
  empty_reference_track = "The reference track {track} has no items. Put the reference on it, or mark another.",
  empty_reference_item = "The reference item is empty. Mark an item that holds audio.",
  unreadable_reference_file = "The reference file {path} cannot be opened. Choose another with \"Bridge: Choose reference file\".",
  no_audio_in_reference_file = "The reference file {path} holds no audio. Choose another.",
  reference_gone = "The {what} that was marked as the reference is gone. Mark another.",
  no_reference = "No reference was chosen. Mark a track, an item or a file as the reference.",
  is_the_reference = "{track} is the reference itself. Select another track.",
  silent_reference = "The reference {name} is silent. Choose another.",
  nothing_to_mark = "Nothing is selected. Select the item or the track that others are to sound like.",
  no_file_chosen = "No file was chosen.",
  -- writing
  changed_meanwhile = "{reason} while Bridge was listening." .. UNCHANGED .. RUN_AGAIN,
  lost = "{reason} before what was written could be read back.",
  write_failed = "writing failed and everything was put back ({reason})." .. RUN_AGAIN,
  put_back = "{reason}, and everything was put back.",
  skipped_writing = "{track} was skipped: {reason} while Bridge was writing.",
  envelope_removed = "{track} was skipped: an envelope was removed while Bridge was working on it." .. UNCHANGED,
  points_not_kept = "REAPER did not keep the points of an envelope of {track}." .. UNCHANGED,
  -- amount, compare, undo
  nothing_applied = "Bridge has set nothing on this track yet. Run \"Bridge: Auto-mix track\" first.",
  nothing_movable = "Nothing that Bridge set can be moved: {what}, {reason}.",
  not_an_amount = "The amount is a number from 0 to 100, not \"{text}\".",
  nothing_to_undo = "There is nothing to undo.",
  not_our_step = "REAPER's last step is \"{step}\", which is not Bridge's. Undo that one in REAPER first.",
  overtaken = "Another auto-mix was asked for meanwhile.",
  stopped = "The auto-mix was stopped in REAPER.",
  no_styles = "There are no styles yet. Add one in a terminal with: reaper-bridge styles add NAME FILE...",
  -- problems of many tracks
  further_problems = "{count:%d} further problems.",
  problems_in_console = "What is said of each track stands in REAPER's console.",
  -- the balance between tracks
  balance_stays = "The levels between the tracks stay: {reason}.",
}

--- Questions to the user; `answers` stands below each.
sentences.questions = {
  add_fx = "{track} lacks {names}, which Bridge would set. Shall Bridge add FX where they are missing?",
  add_fx_to_several = "{count} tracks lack FX that Bridge would set ({names}). Shall Bridge add FX where they are missing?",
  answers = "\n\nYes: they come behind what is there, and before limiters and meters, in the same undo step.\nNo: only FX that"
    .. " stand on a track are set.\nThe answer is remembered; \"Missing FX\" in Bridge's panel changes it.",
}

--- Problems of several tracks, by the kind of one. What has no sentence here has that of one track, with {track} for all of them.
sentences.groups = {
  no_fx = "{tracks} have no FX. Add the plugins that Bridge shall set, or run \"Bridge: Auto-mix track, adding missing FX\".",
  lacks_fx = "{tracks} lack {fx}. Add them, or run \"Bridge: Auto-mix track, adding missing FX\".",
  muted_track = "{tracks} are muted.",
  fx_button_off = "{tracks} have their FX button off.",
  records_automation = "{tracks} record automation. Put them into Trim/Read.",
  folder_track = "{tracks} are folders. Run the action on the tracks inside.",
  folder_with_items = "{tracks} are folders with items of their own. Run the action on the tracks inside.",
  bus_track = "{tracks} are buses. Run the action on the tracks that send to them.",
  items_and_receives = "{tracks} have receives beside their items, which cannot be listened to.",
  instrument_track = "{tracks} are played by instruments, which cannot be listened to before the FX.",
  midi_track = "{tracks} hold MIDI and no instrument.",
  many_channels = "{tracks} play more than two channels.",
  no_items = "{tracks} have no items.",
  only_muted_items = "{tracks} have only muted items.",
  no_items_in_selection = "{tracks} have no items in the time selection.",
  silent_render = "{tracks} render as silence ({stretch}).",
  silent = "{tracks} are silent ({stretch}).",
}

--- What became of a track, its FX and its values meanwhile: parts of sentences.
sentences.reasons = {
  project_closed = "its project was closed",
  track_removed = "the track was removed",
  project_behind = "another project tab was opened in front of it",
  items_changed = "its items were changed",
  fx_gone = "{fx} was removed",
  all_fx_gone = "its FX were removed",
  fx_reordered = "its FX were put into another order",
  fx_added = "an FX was added to it",
  fx_taken_online = "{fx} was taken online",
  fx_taken_offline = "{fx} was taken offline",
  fx_bypassed = "{fx} was bypassed",
  fx_enabled = "{fx} was enabled",
  wet_changed = "{fx}'s wet mix was changed",
  band_changed = "a band of {fx} was changed",
  value_changed = "{parameter} of {fx} was changed by hand or by automation",
  fx_button_went_off = "the FX button of the track was switched off",
  began_recording = "the track was put into {mode} mode",
  became_automated = "an envelope came to drive {parameter}",
  became_modulated = "{parameter} of {fx} came to be moved by something else",
  target_gone = "an FX that it has evaluated was removed or taken offline",
  band_is_off = "the band of {parameter} is off, and no envelope can switch it on; switch it on, it does nothing at 0 dB,",
  band_stays_off = "the band does not switch on",
  not_verified = "what is heard with the new settings could not be measured ({reason})",
  value_refused = "a plugin refused a value",
  other_text = "{parameter} should show {expected} and shows {text}",
  fx_removed_writing = "an FX was removed meanwhile",
  value_changed_writing = "a setting was changed meanwhile",
  incomplete_mix = "{track} could not be set, and without it the mix is another",
  single_track = "they lie between tracks. Select several",
  another_command = "another command came",
  moved = "tracks or FX were moved",
  daemon_gone = "the daemon stopped",
}

--- Steps of an action that runs.
sentences.steps = {
  listening = "listening to {track}",
  listening_to_reference = "listening to the reference {name}",
  rendering = "REAPER renders {track} ({place} of {count})",
  working = "{track}: {step}, {percent}%",
  working_of_several = "{track} ({place} of {count}): {step}, {percent}%",
  applying = "applying",
  verifying = "measuring what is heard of {track}",
}

--- Why a thing was left as it is (`LeftAlone` in the messages).
sentences.left_alone = {
  bypassed = "is bypassed, so it stays as it is",
  offline = "is offline, so it stays as it is",
  partly_dry = "mixes the untouched sound in: set its Wet knob to 100 %",
  duplicate = "only the first one of its kind on the track is set",
  not_in_model = "the model {model} does not set it",
  unmet_requirement = "{requirement}",
  unrendered_band = "has {band} switched on, which Bridge cannot render: switch that band off",
  unknown_setting = "has {parameter} at '{text}', and Bridge does not know what that does",
  not_rendered = "is active, and Bridge cannot render what it does",
  not_installed = "is active, and Bridge finds no such VST3 plugin: name its folder in BRIDGE_PLUGIN_PATH",
  host_differs = "is active, and hosted by Bridge it shows something else than '{text}' as {parameter}",
  host_failed = "is active, and fails in Bridge: {error}",
  mixes_dry = "has {parameter} at '{text}', which mixes the untouched sound in: set it to fully wet",
  unsure_reading = "Bridge is not sure what its {parameter} does: tell it with 'reaper-bridge chain roles --correct'",
  out_of_reach = "its controls cannot do what is wanted: they would be {off_by_db:%.1f} dB off",
  unreadable_slot = "left alone as a whole, for {slot} in it is audible and cannot be read",
  not_on_track = "{fx} is not active on this track",
  no_band = "{fx} has no band of this type left: add one",
  unsupported = "no FX of REAPER's own does what {plugin} does; it works on files alone",
  no_parameter = "{fx} shows no parameter for {parameter}",
  no_display_law = "{fx}, {parameter}: what it displays is no rising or falling row of numbers",
  unconfirmed_display = "{fx}, {parameter}: it displays '{text}', which its own grid of values does not confirm",
  other_unit = "{fx}, {parameter}: it displays '{unit}' where the model sets '{wanted_unit}'",
  track_fx_off = "the FX button of its track is off: it would not be heard",
  track_records = "its track is in {text} mode, in which REAPER records whatever is set as automation",
  automated = "{fx}, {parameter} has an armed envelope, which would override the value",
  modulated = "{fx}, {parameter} is moved by {modulation}",
  link_source = "{fx}, {parameter} moves another parameter along, by a link",
  container_off = "is in {fx}, which is bypassed or offline: it is not heard",
  container_changes_it = "is in {fx}, which does more than hold it: set that to fully wet, with its own pins and nothing in parallel",
  in_use = "it is in use: only a control at rest can be moved and come back",
  model_damaged = "changed on disk, used as it was: {error}",
  touched = "it was touched since",
  fx_removed = "its FX was removed",
  fx_offline = "its FX is offline",
}

sentences.requirements = {
  dry_signal = "mixes dry signal in: set Dry to -inf",
  auto_makeup = "makes up gain by itself: switch its auto make-up off",
  auto_release = "chooses its release by itself: switch Auto Release off",
  detector_highpass = "does not detect the lows: set its detector's Hipass to {at_most:%g} Hz or below",
  detector_lowpass = "does not detect the highs: set its detector's Lowpass to {at_least:%g} Hz or above",
  lookahead = "looks ahead: set Pre-comp to {at_most:%g} ms or below",
  knee = "sets in softly: set Knee to {at_most:%g} dB or below",
  rms_window = "reacts to a long mean: set RMS size to {at_most:%g} ms or below",
  detector_input = "detects another input than its own ({text}): set its Detector input to the main input",
  filter_preview = "lets its detector's filters be heard: switch Preview filter off",
  legacy_options = "works as an older version of it did: switch its legacy options off",
  output_limit = "changes its output further: switch {parameter} off",
  multichannel = "works on more than two channels ({text}): set {parameter} back",
  delta_solo = "lets only what it changes be heard: switch its Delta solo off",
  oversampled = "is oversampled, which Bridge does not render: switch its oversampling off",
  parallel = "runs in parallel with the FX before it, which Bridge does not render",
  pins = "works on other channels than the first two: reset its pin connections",
}

sentences.modulations = {
  lfo = "an LFO", audio = "the sound", link = "a link to another parameter", midi = "a link to MIDI",
}

sentences.bands = { [3] = "a notch", [6] = "a band pass", [7] = "a parallel band pass", other = "a band of type {band_type:%g}" }

--- What was decided of a track (`Decision`), and why a model did nothing with it (`SkipReason`).
sentences.decisions = {
  improved = "Closer to the target, and nothing clips.",
  loudness_changes = " The loudness changes by {loudness_change_lu:%+.1f} LU.", improved_tone = "Closer to the target in tone.",
  loudness_only = "The tone is left as it is: nothing brought it clearly closer.",
  attenuated = "Taken down in {regions:%d} {places} by {attenuation_db:%.0f} dB (median).",
  not_closer = "Left as it is: the new settings bring the sound not clearly closer to the target"
    .. " ({before_db:%.2f} dB now, {after_db:%.2f} dB with them).",
  unlike_recordings = "Left as it is: the new settings lead away from well-recorded sounds.",
  unfamiliar = "Left as it is: the model knows no such sounds; with a reference or a style it has one to go by.",
  within_range = "Left as it is: its tone lies where good recordings{of} lie.",
  would_clip = "Left as it is: the new settings would clip (a true peak of {true_peak_dbtp:%.1f} dBTP).",
  would_silence = "Left as it is: the new settings would silence the track.",
  loudness_would_shift = "Left as it is: the new settings would change the loudness of the track{by}.",
  noise_would_rise = "Left as it is: the new settings would lift the noise in its pauses by {lift_db:%.1f} dB.",
  rumble_would_rise = "Left as it is: the new settings would lift the rumble below it by {lift_db:%.1f} dB.",
  render_failed = "Left as it is: the plugins returned nothing usable with the new settings.",
  silent = "Left as it is: the track is silent here.", too_short = "Left as it is: {sound_s:%.2f} s of sound are too little to judge by; {needed_sound_s:%g} s are needed.{more}",
  select_more = " Select more of the track, or nothing: then all of its items count.",
  no_speech = "Left as it is: nobody speaks here.", nothing_to_do = "Left as it is: there is nothing beside the words to take out.",
  would_harm_speech = "Left as it is: what could be taken out would harm the words.", not_displayed = "Left as it is: no FX would show the difference.",
  unfamiliar_voice = "Left as it is: if somebody speaks here, it is like no voice that the model knows.",
  reverted = " {reverted_regions:%d} more left as they are, for the sake of the words.",
  tone_match = " The model knows no such sounds: fitted to the reference band by band.",
  familiar = " Familiar: {nearest_db:%.1f} dB from sounds of the training; up to {familiar_db:%.1f} dB is known.",
  unfamiliar_sound = " Unfamiliar: {nearest_db:%.1f} dB from sounds of the training; up to {familiar_db:%.1f} dB is known.",
  tone_range = " Only what lay outside of the range of good recordings was moved, to its edge.",
  chain_search = " No model knows this chain: fitted to the reference by trying its plugins.",
  not_refined = { needs_reference = " Not refined: a search needs a reference to go by.",
    fitted_already = " Not refined: what was tried is fitted to the reference already." },
  tone_stays = "The tone is left as it is.",
  balanced = " {gain_db:%+.1f} dB as {role} among the others.",
  nothing_missing = "Nothing to add: the track has all that {model} can use.",
  needs_automation = "The settings of {model} move in time: run \"Bridge: Write as automation\".",
  not_rendered = "Left as it is: Bridge cannot render {fx}, and judges only what is heard. Bypass or freeze it, or run"
    .. " \"Bridge: Auto-mix track, ignoring what cannot be rendered\".",
  verified = " Measured as it is heard, rendered by REAPER.",
  judged_without = " Judged without {fx}, which Bridge cannot render.",
  computed = " What {fx} does was computed from what it displays, not heard.",
  nothing_to_set = "Nothing to set by {model}. {reasons}.",
  lacks_all_fx = "Nothing to set: no FX on this track is one that {model} knows. Add {fx}, or run"
    .. " \"Bridge: Auto-mix track, adding missing FX\".",
  unsupported = " Without {slots}, which REAPER's own FX cannot do: for all of it, reaper-bridge automix FILE --model {model}.",
}

--- Which stretch was analysed, and why (`AnalysedRange`).
sentences.stretches = { ["time selection"] = "the time selection", items = "its items", project = "all of the project" }
sentences.analysed = {
  all = " Listened to {stretch}, from {start_s:%.1f} s to {end_s:%.1f} s{aside}.",
  short = " Listened to {stretch}, from {start_s:%.2f} s to {end_s:%.2f} s{aside}.",
  excerpts = " Listened to {heard_s:%.0f} s of {stretch}, from {start_s:%.1f} s to {end_s:%.1f} s{aside}.",
  rendered = "{stretch}, rendered by REAPER", sources = "what feeds it",
  channels = " (channels 1 and 2 of {channels:%d})",
  channels_and_receives = " (channels 1 and 2 of {channels:%d}, and not what {side_receives:%d} {sends} to the others)",
}

--- How a loudness target was met (`LoudnessOutcome`).
sentences.loudness = {
  reached = " It comes out at {loudness_lufs:%.1f} LUFS, {true_peak_dbtp:%.1f} dBTP.",
  limited = " {target_lufs:%.1f} LUFS were asked for; below {ceiling_dbtp:%.1f} dBTP and with at most {most_limiting_db:%.0f} dB of"
    .. " limiting it comes to {loudness_lufs:%.1f} LUFS.",
  unmeasurable = " It is silent or too short to have a loudness: only the ceiling was held.",
}

--- What was decided of the balance between tracks (`BalanceDecision`).
sentences.balance = {
  improved = "Levels between {tracks:%d} tracks: {before_lu:%.1f} LU from those of real mixes before, {after_lu:%.1f} LU now;"
    .. " the sum peaks at {true_peak_dbtp:%.1f} dBTP.",
  not_closer = "they lie {before_lu:%.1f} LU from those of real mixes already",
  no_fx = "{names} has no FX that may be set; run the action that adds missing FX first",
  no_output_gain = "{names} has no FX with an output gain that may be set, such as ReaComp; add one",
  unknown_roles = "it is not clear what {names} {play}. Name tracks by their role, such as Drums, Bass, Vocals, Lead, Guitar or"
    .. " Keys, and run the action again",
  one_role = "all of the tracks have one role, and levels lie between roles. Select tracks of several",
  other_ranges = "the tracks were heard at different times; run the action again",
  out_of_reach = "{names} would need {needed_db:%+.1f} dB, which its output gain does not reach",
  would_clip = "their sum would clip",
}

--- Why a control was changed (`Explanation`).
sentences.explanations = {
  tone = "{band} lay {before} {goal}, now {after}{effect}.",
  dynamics = "The level went up and down by {before_db:%.1f} dB, {goal} by {target_db:%.1f} dB; now {after_db:%.1f} dB.",
  evenness = "The level went up and down by {before_db:%.1f} dB from moment to moment, now by {after_db:%.1f} dB.",
  gain = "By itself it brings the level {direction} by {size_db:%.1f} dB.",
  loudness = "All settings together change the loudness by {effect_db:%+.1f} LU where it was listened to.",
  makeup = "The other settings changed the loudness; this brings it back to what it was.",
  peaks = "It keeps the peaks below full scale.",
  inaudible = "Not heard: it changes less than 0.5 dB by itself.",
  automation = "Moves in time: the value is its farthest, in {regions:%d} places.",
  mix_balance = "Beside the others, {role} was {louder_before} in real mixes, now {louder_after} there.",
}

return sentences
