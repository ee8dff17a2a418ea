-- Places the holds of one decision: the first `wanted` candidates, in rank order, whose caps have room, no advertiser twice
-- unless repeats are allowed, no two that share a category, within what the placement's caps and load rules leave; of each
-- ad group the first creative whose caps have room. `select-winners.ts` and `exposure.ts` say the same in TypeScript.
-- All in one step on one member's state, so that of two decisions at once the later sees the holds of the earlier.
--
-- KEYS[1]  the member's exposure state (its form is told in state.lua)
-- ARGV[1]  request, JSON; ids that are only counted are keys of 32 bits, those of messages and requests of 48:
--   epoch          the life of the exposure state; a state of another life is not to be trusted, and one of a later life not
--                  to be replaced
--   now            epoch ms
--   settledUntil   epoch ms up to which every accepted event is settled; a hold is open while its expiry is later
--   keepFrom       epoch ms; no cap or rule in use counts single impressions from before it
--   ttlMs          how long the state is kept after this call
--   requestKey     optional: the request may be repeated
--   decisionId, decisionKey, expiresAt; the n-th message of the decision has the key decisionKey + n
--   frame          what the caller needs to know of the decision when it is repeated; a string
--   wanted         most messages to hold
--   allowsRepeats  an advertiser may be held twice
--   load           optional {dayFrom, memberMost, memberGapFrom, advertiserMost, advertiserGapFrom}, each of the latter four
--                  optional: most messages from dayFrom on, open holds included; and the epoch ms after which nothing may
--                  have been seen or decided, of all advertisers and of the candidate's
--   placement      key
--   placementCaps  list of {from, limit}; from: epoch ms; -1 for a lifetime cap; below, minus the length of a rolling window
--   isLast         no further candidates can be offered: hold what there is
-- ARGV[2]  candidates by rank, a line of JSON each: {{adGroup, campaign, advertiser, caps: list of {scope, from, limit},
--          categories: list of labels}, creatives: list of {creative, its id, caps: list of {from, limit}}, ticket};
--          scope 2: the ad group's, 3: the campaign's, 4: the advertiser's; or its verdict alone, where it is passed over
-- ARGV[3]  optional, JSON: the state rebuilt from Postgres, {from, bound, rows: list as in the state, impressions: list of
--          {message key, row, at} by time}: every impression from `from` on, or with `bound` the most that are listed. Used
--          when there is no state, or when its impressions do not reach back as far
-- ARGV[4]  with ARGV[3]: until when it may be used, epoch ms by the clock of this server
--
-- Answers JSON: {status: 'unknown', at} no trusted state, or none that reaches back far enough: rebuild it and call again,
-- while what is confirmed after `at`, epoch ms by the clock of this server, is kept by confirm.lua;
-- {status: 'short', verdicts} fewer candidates than wanted have room: offer more; a digit for each candidate, 1: it would be
-- held; or it is passed over, and with it what else there is of its 2: ad group, 3: campaign, 4: advertiser; {status: 'held' |
-- 'repeated', decisionId, decidedAt, expiresAt, frame, held, tickets}: the tickets of the `held` candidates, then that of the
-- next one with room, whose rank sets the last price; each is its creative's and the ad group's, a space between. 'repeated':
-- the same request was decided before and its holds live.
local request = cjson.decode(ARGV[1])
local state = readState(KEYS[1])
local isTrusted = state and state.e == request.epoch and not state.p
local rebuilt = ARGV[3] and cjson.decode(ARGV[3])

local function serverTime()
  local seconds, micros = unpack(redis.call('TIME'))
  return seconds * 1000 + math.floor(micros / 1000)
end
-- What was confirmed meanwhile, and kept to be joined with it, may be gone.
if rebuilt and serverTime() >= tonumber(ARGV[4]) then rebuilt = nil end

-- `old`: a state of the same epoch, or part of one, that may hold what came after Postgres was read; or nil.
local function takeRebuilt(old)
  local new = newState(request.epoch)
  new.s, new.b, new.k = rebuilt.from, rebuilt.bound and rebuilt.from or nil, rebuilt.rows
  local records, listed = {}, {}
  for i, impression in ipairs(rebuilt.impressions) do
    local message, row, at = unpack(impression)
    listed[message] = at
    records[i] = struct.pack(IMPRESSION, at, row, message)
  end
  new.c = table.concat(records)
  if #new.k > MOST_ROWS then giveUpRows(new) end
  if not old then return new end
  for start = 1, #old.c, IMPRESSION_BYTES do
    local at, row, message = struct.unpack(IMPRESSION, old.c, start)
    -- What is older than `from` is among the totals that were read.
    if at >= new.s and listed[message] ~= at then count(new, at, rowOf(new, old.k[row]), message) end
  end
  for _, hold in ipairs(old.h) do
    if not listed[hold.message] then
      hold.row = rowOf(new, old.k[hold.row])
      new.h[#new.h + 1] = hold
    end
  end
  new.d = old.d
  keepBound(new)
  return new
end

-- The caller will read Postgres: what is confirmed meanwhile must find the state.
local function unknown()
  if isTrusted then redis.call('PEXPIRE', KEYS[1], request.ttlMs) end
  return cjson.encode({ status = 'unknown', at = serverTime() })
end

if not isTrusted and (not rebuilt or (state and state.e > request.epoch)) then return unknown() end
if rebuilt and (not isTrusted or rebuilt.from < state.s or rebuilt.bound) then
  state = takeRebuilt(state and state.e == request.epoch and state or nil)
  isTrusted = true
  -- Kept whatever is decided, so that nobody asks Postgres again.
  redis.call('SET', KEYS[1], packState(state), 'PX', request.ttlMs)
end

listFrom(state, request.keepFrom)
endHolds(state, request.settledUntil)
local repeatable = {}
for _, decision in ipairs(state.d) do
  if decision[2] > request.now then repeatable[#repeatable + 1] = decision end
end
state.d = repeatable

local function answer(status, decision)
  return cjson.encode({
    status = status, expiresAt = decision[2], decidedAt = decision[3], decisionId = decision[4],
    held = decision[5], tickets = decision[6], frame = decision[7],
  })
end
for _, decision in ipairs(state.d) do
  if decision[1] == request.requestKey then
    if not decision[REPEATED] then
      decision[REPEATED] = true
      redis.call('SET', KEYS[1], packState(state), 'PX', request.ttlMs)
    end
    return answer('repeated', decision)
  end
end

local function decide(held, tickets)
  return { request.requestKey, request.expiresAt, request.now, request.decisionId, held, tickets, request.frame }
end

if (request.requestKey and #state.d >= MOST_DECISIONS) or #state.h + request.wanted > MOST_HOLDS then
  return answer('held', decide(0, {}))
end

-- Impressions are read from the newest on, as far back as somebody asks: their times by row, the latest first.
local times, unread = {}, #state.c
local function readBackTo(from)
  while unread > 0 do
    local at, row = struct.unpack(IMPRESSION, state.c, unread - IMPRESSION_BYTES + 1)
    if at < from then return end
    times[row] = times[row] or {}
    times[row][#times[row] + 1] = at
    unread = unread - IMPRESSION_BYTES
  end
end
local heldOf = {}
for _, hold in ipairs(state.h) do heldOf[hold.row] = (heldOf[hold.row] or 0) + 1 end

-- Rows by scope and key.
local rowsBy = {}
local NONE = {}
local function noteRow(byKey, key, i)
  byKey[key] = byKey[key] or {}
  table.insert(byKey[key], i)
end
local function rowsOf(scope, key)
  if not rowsBy[scope] then
    local byKey = {}
    for i, row in ipairs(state.k) do
      if row then noteRow(byKey, row[scope], i) end
    end
    rowsBy[scope] = byKey
  end
  return rowsBy[scope][key] or NONE
end

-- Whether impressions are listed from then on. Where they could be read from Postgres, nothing is decided without them.
local isUnknown = false
local function isListed(from)
  if from >= state.s then return true end
  if not state.b or from >= state.b then isUnknown = true end
  return false
end

-- What a cap counts; endless where it reaches back further than what is known.
local function used(scope, key, from)
  local total = 0
  if from < -1 then from = request.now + from + 1 end
  if from < 0 then
    for _, i in ipairs(rowsOf(scope, key)) do total = total + (heldOf[i] or 0) + state.k[i][SCOPES + 1] end
    return total + (state.x[scope * PLACES + key % PLACES] or 0)
  end
  if not isListed(from) then return math.huge end
  readBackTo(from)
  for _, i in ipairs(rowsOf(scope, key)) do
    total = total + (heldOf[i] or 0)
    for _, at in ipairs(times[i] or NONE) do
      if at < from then break end
      total = total + 1
    end
  end
  return total
end

-- How many more messages the load rules leave, of one advertiser or of all (nil).
local load = request.load or {}
local ADVERTISER = 4
local function room(most, gapFrom, advertiser)
  if (gapFrom and not isListed(gapFrom + 1)) or (most and not isListed(load.dayFrom)) then return 0 end
  local messages = 0
  for _, hold in ipairs(state.h) do
    if not advertiser or state.k[hold.row][ADVERTISER] == advertiser then
      if gapFrom and hold.decidedAt > gapFrom then return 0 end
      messages = messages + 1
    end
  end
  readBackTo(math.min(gapFrom and gapFrom + 1 or load.dayFrom, load.dayFrom))
  for i, ofRow in pairs(times) do
    if not advertiser or state.k[i][ADVERTISER] == advertiser then
      for _, at in ipairs(ofRow) do
        if gapFrom and at > gapFrom then return 0 end
        if at < load.dayFrom then break end
        messages = messages + 1
      end
    end
  end
  return most and most - messages or math.huge
end
local isMemberLimited = load.memberMost or load.memberGapFrom
local isAdvertiserLimited = load.advertiserMost or load.advertiserGapFrom
local places = request.wanted
if isMemberLimited then
  places = math.min(places, room(load.memberMost, load.memberGapFrom))
end
for _, cap in ipairs(request.placementCaps) do
  places = math.min(places, cap[2] - used(SCOPES, request.placement, cap[1]))
end
if isUnknown then return unknown() end
if places < request.wanted and places <= 0 then return answer('held', decide(0, {})) end

-- By advertiser: messages of this decision, and how many there may be.
local placed, mayPlace, labels = {}, {}, {}
local HOLDS, AD_GROUP = 1, 2
local function objectionTo(advertiser, categories)
  local beside = placed[advertiser] or 0
  if beside > 0 and not request.allowsRepeats then return ADVERTISER end
  if isAdvertiserLimited then
    mayPlace[advertiser] = mayPlace[advertiser] or room(load.advertiserMost, load.advertiserGapFrom, advertiser)
    if beside >= mayPlace[advertiser] then return ADVERTISER end
  end
  for _, label in ipairs(categories) do
    if labels[label] then return AD_GROUP end
  end
  return nil
end

local function fullScopeOf(adGroup)
  for _, cap in ipairs(adGroup[4]) do
    local scope, from, limit = unpack(cap)
    if used(scope, adGroup[scope - 1], from) >= limit then return scope end
  end
  return nil
end

local function firstCreative(creatives)
  for _, creative in ipairs(creatives) do
    local isFull = false
    for _, cap in ipairs(creative[3]) do
      if used(1, creative[1], cap[1]) >= cap[2] then
        isFull = true
        break
      end
    end
    if not isFull then return creative end
  end
  return nil
end

-- Its verdict; and where it may be held, with which creative.
local function judge(line)
  if #line == 1 then return line end
  local adGroup, creatives, ticket = unpack(cjson.decode(line))
  local objection = objectionTo(adGroup[3], adGroup[5]) or fullScopeOf(adGroup)
  if objection then return objection end
  local creative = firstCreative(creatives)
  if not creative then return AD_GROUP end
  return HOLDS, adGroup, creative, ticket
end

-- Holds of this decision are placed as they are found, so that two ad groups of one campaign share its caps.
local tickets, verdicts, held = {}, {}, 0
local function place(adGroup, creative)
  held = held + 1
  local advertiser = adGroup[3]
  placed[advertiser] = (placed[advertiser] or 0) + 1
  for _, label in ipairs(adGroup[5]) do labels[label] = true end
  local keys = { creative[1], adGroup[1], adGroup[2], advertiser, request.placement }
  local row, isNew, isCrowded = rowOf(state, keys)
  if isCrowded then rowsBy = {} end
  for scope, byKey in pairs(isNew and rowsBy or NONE) do noteRow(byKey, keys[scope], row) end
  heldOf[row] = (heldOf[row] or 0) + 1
  state.h[#state.h + 1] = {
    message = request.decisionKey + held, row = row, expiresAt = request.expiresAt, decidedAt = request.now,
  }
end

local isComplete = false
for line in string.gmatch(ARGV[2], '[^\n]+') do
  local verdict, adGroup, creative, ticket = judge(line)
  if isUnknown then return unknown() end
  verdicts[#verdicts + 1] = verdict
  if creative then
    tickets[#tickets + 1] = creative[2] .. ' ' .. ticket
    if held == places then
      isComplete = true
      break
    end
    place(adGroup, creative)
  end
end
if not isComplete and not request.isLast then
  return cjson.encode({ status = 'short', verdicts = table.concat(verdicts) })
end

local decision = decide(held, tickets)
if held > 0 and request.requestKey then
  state.d[#state.d + 1] = decision
end
redis.call('SET', KEYS[1], packState(state), 'PX', request.ttlMs)
return answer('held', decision)
