--- The receipt: what REAPER read back, or why nothing was written. The daemon takes it away.
local describe = require("ui.describe")
local json = require("exchange.json")
local version = require("exchange.version")

local receipt = {}

--- Return one line of the receipt about a write. `read` and `text` are what REAPER shows now.
function receipt.result(write, status, read, text)
  return {
    fx_guid = write.fx_guid, ident = write.ident, index = write.index, wanted = write.normalized,
    read = read or 0.0, text = text or "", status = status,
  }
end

--- Write the receipt of a job that has an outcome.
function receipt.write(spool, job)
  local outcome = job.outcome
  spool:write("receipts", job.id .. ".json", json.encode({
    schema = version.schema, id = job.id, status = outcome.status, results = json.array(outcome.results),
    verified = job.reply.verified and job.reply.verified.measures or nil,
    error = outcome.problem and describe.fact(outcome.problem) or "",
  }))
end

return receipt
