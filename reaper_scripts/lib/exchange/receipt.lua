--- The receipt: what REAPER read back, or why nothing was written. The daemon takes it away.
local json = require("exchange.json")
local version = require("exchange.version")

local receipt = {}

--- One line of the receipt about a write. `read` and `text` are what REAPER shows now.
function receipt.result(write, status, read, text)
  return {
    fx_guid = write.fx_guid, ident = write.ident, index = write.index, wanted = write.normalized,
    read = read or 0.0, text = text or "", status = status,
  }
end

--- `status` is "applied", "restored" or "dropped".
function receipt.write(spool, id, status, message, results)
  spool:write("receipts", id .. ".json", json.encode({
    schema = version.schema, id = id, status = status, message = message, results = json.array(results),
  }))
end

return receipt
