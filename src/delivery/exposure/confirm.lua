-- Turns holds of one member into counted impressions; doing it again changes nothing.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  the epoch; a state of a later one was read from Postgres with these impressions, and is left alone
-- ARGV[2]  impressions, JSON: list of {message key, at, creative, adGroup, campaign, advertiser, placement}, the last five keys
-- ARGV[3]  how long, in ms, the impressions are kept for a state that is not there: longer than a rebuild can take
local state = readState(KEYS[1])
if state and state.e > ARGV[1] then
  return 0
end
if not state or state.e < ARGV[1] then
  -- Somebody may be rebuilding it from what Postgres said before these impressions came.
  state = newState(ARGV[1])
  state.p = true
end

local added = 0
for _, impression in ipairs(cjson.decode(ARGV[2])) do
  local message, at = impression[1], impression[2]
  local keys = { unpack(impression, 3) }
  -- Too old to be listed: it counts if it was held; one without a hold was counted before, or read from Postgres.
  local isOld = at < state.s
  local row = isOld and findRow(state, keys) or not isOld and rowOf(state, keys)
  local wasHeld = false
  for i = #state.h, 1, -1 do
    if state.h[i].message == message and state.h[i].row == row then
      table.remove(state.h, i)
      wasHeld = true
    end
  end
  if not isOld then
    if count(state, at, row, message) then added = added + 1 end
  elseif wasHeld then
    state.k[row][SCOPES + 1] = state.k[row][SCOPES + 1] + 1
    added = added + 1
  end
end
keepBound(state)
if state.p then
  redis.call('SET', KEYS[1], packState(state), 'PX', ARGV[3])
else
  redis.call('SET', KEYS[1], packState(state), 'KEEPTTL')
end
return added
