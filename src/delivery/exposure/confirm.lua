-- Turns holds of some members into counted impressions; doing it again changes nothing.
--
-- KEYS     the members' exposure states
-- ARGV[1]  the epoch; a state of a later one was read from Postgres with these impressions, and is left alone
-- ARGV[2]  how long, in ms, the impressions are kept for a state that is not there: longer than a rebuild can take
-- ARGV[3]  impressions, those of one member behind each other: a string of records {place among KEYS: 2 bytes,
--          message key: 6, at: 6, creative: 4, adGroup: 4, campaign: 4, advertiser: 4, placement: 4}, the last five keys
-- Answers how many were added.
local RECORD, RECORD_BYTES = '>I2I6I6I4I4I4I4I4', 34
local epoch, keptMs, records = ARGV[1], ARGV[2], ARGV[3]

-- Null for a state that is left alone.
local function openState(key)
  local state = readState(key)
  if state and state.e > epoch then return nil end
  if not state or state.e < epoch then
    -- Somebody may be rebuilding it from what Postgres said before these impressions came.
    state = newState(epoch)
    state.p = true
  end
  return state
end

local function closeState(key, state)
  keepBound(state)
  if state.p then
    redis.call('SET', key, packState(state), 'PX', keptMs)
  else
    redis.call('SET', key, packState(state), 'KEEPTTL')
  end
end

-- Whether it is added.
local function confirm(state, message, at, keys)
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
  if not isOld then return count(state, at, row, message) end
  if wasHeld then state.k[row][SCOPES + 1] = state.k[row][SCOPES + 1] + 1 end
  return wasHeld
end

local added = 0
local place, state = nil, nil
for start = 1, #records, RECORD_BYTES do
  local member, message, at, creative, adGroup, campaign, advertiser, placement = struct.unpack(RECORD, records, start)
  if member ~= place then
    if state then closeState(KEYS[place], state) end
    place, state = member, openState(KEYS[member])
  end
  if state and confirm(state, message, at, { creative, adGroup, campaign, advertiser, placement }) then added = added + 1 end
end
if state then closeState(KEYS[place], state) end
return added
