-- What every script on a member's exposure state begins with: its form, and how it is read, changed and written.
--
-- The state is a MessagePack map:
--   e  epoch: the life of the exposure state, later ones sort after earlier ones
--   p  true: only part of a state, impressions that were confirmed before anybody had rebuilt the rest
--   s  epoch ms from which on every counted impression is in `c`
--   b  optional, epoch ms: impressions before it were put out of `c` because there were too many
--   c  counted impressions by time, as one string of records {at: 6 bytes, row: 2, message key: 6}
--   h  open holds, a string of records {expiresAt: 6 bytes, decidedAt: 6, row: 2, message key: 6}; a list once it is read
--   k  rows: what messages count for, list of {creative, adGroup, campaign, advertiser, placement, impressions ever}; the
--      first five are keys of 32 bits in the order of the scopes 1 to 5. false: free
--   x  impressions ever of rows that were given up, by scope * 1024 + key % 1024: what shares a place there is counted too
--   d  decisions that may be asked for again, list of {request key, expiresAt, decidedAt, decisionId, held, tickets, frame,
--      true once it was asked for again}
-- So what can't be told apart is counted together, and a cap is stricter than it says rather than laxer.
local IMPRESSION, IMPRESSION_BYTES = '>I6I2I6', 14
local HOLD, HOLD_BYTES = '>I6I6I2I6', 20
local TIME = '>I6'
-- 28 KB; a cap that reaches back to before the oldest of so many counts as full.
local MOST_IMPRESSIONS = 2000
local MOST_ROWS = 256
-- A member who asks again and again must not make the state grow: who has this many messages open, or decisions that may be
-- asked for again, is shown nothing more until some of them expire.
local MOST_DECISIONS, MOST_HOLDS = 64, 256
local PLACES = 1024
-- In a decision: somebody may have been given its messages by a repeat.
local REPEATED = 8
local SCOPES = 5

local function newState(epoch)
  return { e = epoch, s = 0, c = '', h = {}, k = {}, x = {}, d = {} }
end

local function readState(key)
  local packed = redis.call('GET', key)
  if not packed then return nil end
  local state = cmsgpack.unpack(packed)
  local holds = {}
  for start = 1, #state.h, HOLD_BYTES do
    local expiresAt, decidedAt, row, message = struct.unpack(HOLD, state.h, start)
    holds[#holds + 1] = { message = message, row = row, expiresAt = expiresAt, decidedAt = decidedAt }
  end
  state.h = holds
  return state
end

local function packState(state)
  local holds = {}
  for i, hold in ipairs(state.h) do
    holds[i] = struct.pack(HOLD, hold.expiresAt, hold.decidedAt, hold.row, hold.message)
  end
  local list = state.h
  state.h = table.concat(holds)
  local packed = cmsgpack.pack(state)
  state.h = list
  return packed
end

-- Gives up the rows of which neither a hold nor an impression is listed.
local function giveUpRows(state)
  local used = {}
  for start = 1, #state.c, IMPRESSION_BYTES do
    local _, row = struct.unpack(IMPRESSION, state.c, start)
    used[row] = true
  end
  for _, hold in ipairs(state.h) do used[hold.row] = true end
  for i, row in ipairs(state.k) do
    if row and not used[i] then
      for scope = 1, SCOPES do
        local place = scope * PLACES + row[scope] % PLACES
        state.x[place] = (state.x[place] or 0) + row[SCOPES + 1]
      end
      state.k[i] = false
    end
  end
  while state.k[#state.k] == false do state.k[#state.k] = nil end
end

local function findRow(state, keys)
  local creative, adGroup, campaign, advertiser, placement = unpack(keys, 1, SCOPES)
  for i, row in ipairs(state.k) do
    if row and row[1] == creative and row[2] == adGroup and row[3] == campaign and row[4] == advertiser
      and row[5] == placement then
      return i
    end
  end
  return nil
end

local function freeRow(state)
  for i, row in ipairs(state.k) do
    if not row then return i end
  end
  return #state.k + 1
end

-- `keys`: the first five of it. A new row if there is none. Answers also whether it is new, and whether others were given up.
local function rowOf(state, keys)
  local found = findRow(state, keys)
  if found then return found, false, false end
  local free = freeRow(state)
  local isCrowded = free > MOST_ROWS
  if isCrowded then
    giveUpRows(state)
    free = freeRow(state)
  end
  state.k[free] = { keys[1], keys[2], keys[3], keys[4], keys[5], 0 }
  return free, true, isCrowded
end

-- Holds of which no impression can come any more end; a row that only they had is free.
local function endHolds(state, settledUntil)
  local open, ended, isHeld = {}, {}, {}
  for _, hold in ipairs(state.h) do
    if hold.expiresAt > settledUntil then
      open[#open + 1] = hold
      isHeld[hold.row] = true
    else
      ended[#ended + 1] = hold
    end
  end
  for _, hold in ipairs(ended) do
    local row = state.k[hold.row]
    if row and row[SCOPES + 1] == 0 and not isHeld[hold.row] then state.k[hold.row] = false end
  end
  while state.k[#state.k] == false do state.k[#state.k] = nil end
  state.h = open
end

-- Whether somebody may have been given a decision by a repeat; of one that is not kept any more, nobody knows.
-- `isRepeatable`: it was asked for with a request id.
local function mayBeGiven(state, decisionId, isRepeatable)
  for _, decision in ipairs(state.d) do
    if decision[4] == decisionId then return decision[REPEATED] end
  end
  return isRepeatable
end

-- Ends the holds of messages that nobody gets. `places`: in their decision, from 1.
local function endHoldsOf(state, decisionKey, places)
  local isEnded = {}
  for _, place in ipairs(places) do isEnded[decisionKey + place] = true end
  for _, hold in ipairs(state.h) do
    if isEnded[hold.message] then hold.expiresAt = 0 end
  end
  endHolds(state, 0)
end

-- Counts an impression, unless it is listed already.
local function count(state, at, row, message)
  local record = struct.pack(IMPRESSION, at, row, message)
  local before = #state.c
  while before > 0 do
    local other = struct.unpack(TIME, state.c, before - IMPRESSION_BYTES + 1)
    if other < at then break end
    if other == at and string.sub(state.c, before - IMPRESSION_BYTES + 1, before) == record then return false end
    before = before - IMPRESSION_BYTES
  end
  state.c = string.sub(state.c, 1, before) .. record .. string.sub(state.c, before + 1)
  state.k[row][SCOPES + 1] = state.k[row][SCOPES + 1] + 1
  return true
end

-- Lists impressions from `from` on only.
local function listFrom(state, from)
  local start = 1
  while start < #state.c and struct.unpack(TIME, state.c, start) < from do start = start + IMPRESSION_BYTES end
  if start > 1 then state.c = string.sub(state.c, start) end
  if from > state.s then state.s = from end
end

local function keepBound(state)
  local surplus = #state.c / IMPRESSION_BYTES - MOST_IMPRESSIONS
  if surplus <= 0 then return end
  listFrom(state, struct.unpack(TIME, state.c, (surplus - 1) * IMPRESSION_BYTES + 1) + 1)
  state.b = state.s
end

