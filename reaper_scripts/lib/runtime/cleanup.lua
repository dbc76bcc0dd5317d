--- What must be released where a script ends in the middle of it: accessors, half-written files, passing tracks, values
-- that are in no undo step yet. The one state that outlives a call, because REAPER's `atexit` knows no other.
local cleanup = {}

local releases = {} -- functions, the newest last

--- Note `release`, which takes no slices, until it is closed or forgotten. Returns it.
function cleanup.open(release)
  releases[#releases + 1] = release
  return release
end

--- Forget `release`: what it stands for is as it shall be.
function cleanup.forget(release)
  for index = #releases, 1, -1 do
    if releases[index] == release then table.remove(releases, index) end
  end
end

--- Call `release`, and forget it.
function cleanup.close(release)
  cleanup.forget(release)
  release()
end

--- Release everything that is open, the newest first.
function cleanup.run()
  while #releases > 0 do table.remove(releases)() end
end

return cleanup
