-- Places the holds of one decision: the first `wanted` candidates, in rank order, whose caps have room, no advertiser twice
-- unless repeats are allowed, no two that share a category, within what the load rules leave. `select-winners.ts` says the
-- same in TypeScript.
-- All in one step on one member's state, so that of two decisions at once the later sees the holds of the earlier.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  request, JSON:
--   epoch          the life of the exposure state, later ones sort after earlier ones; a state of another life is not
--                  to be trusted, and one of a later life not to be replaced
--   now            epoch ms
--   settledUntil   epoch ms up to which every accepted event is settled; a hold is open while its expiry is later
--   keepFrom       epoch ms; impressions before it fall out of every timed window
--   ttlMs          how long the state is kept after this call
--   requestId, decisionId, expiresAt
--   frame          what the caller needs to know of the decision when it is repeated; a string
--   wanted         most messages to hold
--   allowsRepeats  an advertiser may be held twice
--   load           optional {dayFrom, memberMost, memberGapFrom, advertiserMost, advertiserGapFrom}, each of the latter four
--                  optional: most messages from dayFrom on, open holds included; and the epoch ms after which nothing may
--                  have been seen or decided, of all advertisers and of the candidate's
--   isLast         no further candidates can be offered: hold what there is
--   candidates     list of {adGroupId, campaignId, advertiserId, ticket, caps: list of {scope, from, limit},
--                  categories: list of labels};
--                  scope 2: the ad group's, 3: the campaign's; from: epoch ms, or -1 for a lifetime cap
-- ARGV[2]  optional, JSON: the state rebuilt from Postgres, {impressions: list of {messageId, adGroupId, campaignId, at,
--          advertiserId}, totals: {id: count}}, used when there is none
--
-- Answers JSON: {status: 'unknown'} no trusted state: rebuild it and call again; {status: 'short'} fewer candidates than
-- wanted have room: offer more; {status: 'held' | 'repeated', decisionId, decidedAt, expiresAt, frame, held, tickets}: the tickets
-- of the `held` candidates, then that of the next one with room, whose rank sets the last price. 'repeated': the same
-- request was decided before and its holds live.
--
-- The state is a MessagePack map: e epoch; c counted impressions and h open holds, both lists of
-- {messageId, adGroupId, campaignId, at or expiry, advertiserId}, holds with {…, decidedAt}; t impressions ever by ad group and by campaign; d decisions, lists of
-- {requestId, expiresAt, decisionId, decidedAt, held, tickets, frame}. With p it is only part of a state: impressions that were
-- confirmed before anybody had rebuilt the rest.
local request = cjson.decode(ARGV[1])
local packed = redis.call('GET', KEYS[1])
local state = packed and cmsgpack.unpack(packed)

if not state or state.e ~= request.epoch or state.p then
  if not ARGV[2] or (state and state.e > request.epoch) then
    return '{"status":"unknown"}'
  end
  local confirmed = state and state.e == request.epoch and state.c or {}
  local rebuilt = cjson.decode(ARGV[2])
  state = { e = request.epoch, c = rebuilt.impressions, h = {}, t = rebuilt.totals, d = {} }
  local counted = {}
  for _, impression in ipairs(state.c) do
    counted[impression[1]] = true
  end
  for _, impression in ipairs(confirmed) do
    -- One before `keepFrom` is among the totals that were read.
    if not counted[impression[1]] and impression[4] >= request.keepFrom then
      state.c[#state.c + 1] = impression
      state.t[impression[2]] = (state.t[impression[2]] or 0) + 1
      state.t[impression[3]] = (state.t[impression[3]] or 0) + 1
    end
  end
end

local function keep(list, isKept)
  local kept = {}
  for _, entry in ipairs(list) do
    if isKept(entry) then kept[#kept + 1] = entry end
  end
  return kept
end
state.c = keep(state.c, function(impression) return impression[4] >= request.keepFrom end)
state.h = keep(state.h, function(hold) return hold[4] > request.settledUntil end)
state.d = keep(state.d, function(decision) return decision[2] > request.now end)

local function answer(status, decision)
  return cjson.encode({
    status = status, decisionId = decision[3], decidedAt = decision[4], expiresAt = decision[2],
    held = decision[5], tickets = decision[6], frame = decision[7],
  })
end
for _, decision in ipairs(state.d) do
  if decision[1] == request.requestId then
    return answer('repeated', decision)
  end
end

-- A member who asks again and again must not make the state grow: who has this many decisions or messages open is shown
-- nothing more until some of them expire.
local MOST_DECISIONS, MOST_HOLDS = 64, 256
if #state.d >= MOST_DECISIONS or #state.h + request.wanted > MOST_HOLDS then
  return answer('held', { request.requestId, request.expiresAt, request.decisionId, request.now, 0, {}, request.frame })
end

local function used(scope, id, from)
  local count = 0
  for _, hold in ipairs(state.h) do
    if hold[scope] == id then count = count + 1 end
  end
  if from < 0 then
    return count + (state.t[id] or 0)
  end
  for _, impression in ipairs(state.c) do
    if impression[scope] == id and impression[4] >= from then count = count + 1 end
  end
  return count
end

-- How many more messages the load rules leave, of one advertiser or of all (nil).
local load = request.load or {}
local function room(most, gapFrom, advertiserId)
  local messages = 0
  for _, hold in ipairs(state.h) do
    if not advertiserId or hold[5] == advertiserId then
      if gapFrom and hold[6] and hold[6] > gapFrom then return 0 end
      messages = messages + 1
    end
  end
  for _, impression in ipairs(state.c) do
    if not advertiserId or impression[5] == advertiserId then
      if gapFrom and impression[4] > gapFrom then return 0 end
      if impression[4] >= load.dayFrom then messages = messages + 1 end
    end
  end
  return most and most - messages or math.huge
end
local isMemberLimited = load.memberMost or load.memberGapFrom
local isAdvertiserLimited = load.advertiserMost or load.advertiserGapFrom
local places = request.wanted
if isMemberLimited then
  places = math.min(places, room(load.memberMost, load.memberGapFrom))
  if places <= 0 then
    return answer('held', { request.requestId, request.expiresAt, request.decisionId, request.now, 0, {}, request.frame })
  end
end

-- By advertiser: messages of this decision, and how many there may be.
local placed, mayPlace, labels = {}, {}, {}
local function standsBeside(advertiserId, categories)
  local count = placed[advertiserId] or 0
  if count > 0 and not request.allowsRepeats then return false end
  for _, label in ipairs(categories or {}) do
    if labels[label] then return false end
  end
  if not isAdvertiserLimited then return true end
  mayPlace[advertiserId] = mayPlace[advertiserId] or room(load.advertiserMost, load.advertiserGapFrom, advertiserId)
  return count < mayPlace[advertiserId]
end

-- Holds of this decision are placed as they are found, so that two ad groups of one campaign share its caps.
local tickets, held = {}, 0
local isComplete = false
for _, candidate in ipairs(request.candidates) do
  local adGroupId, campaignId, advertiserId, ticket, caps, categories = unpack(candidate)
  local hasRoom = standsBeside(advertiserId, categories)
  for _, cap in ipairs(caps) do
    local id = cap[1] == 2 and adGroupId or campaignId
    if hasRoom and used(cap[1], id, cap[2]) >= cap[3] then hasRoom = false end
  end
  if hasRoom then
    tickets[#tickets + 1] = ticket
    if held == places then
      isComplete = true
      break
    end
    held = held + 1
    placed[advertiserId] = (placed[advertiserId] or 0) + 1
    for _, label in ipairs(categories or {}) do labels[label] = true end
    state.h[#state.h + 1] = {
      request.decisionId .. '.' .. held, adGroupId, campaignId, request.expiresAt, advertiserId, request.now,
    }
  end
end
if not isComplete and not request.isLast then
  return '{"status":"short"}'
end

local decision = { request.requestId, request.expiresAt, request.decisionId, request.now, held, tickets, request.frame }
if held > 0 then
  state.d[#state.d + 1] = decision
end
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', request.ttlMs)
return answer('held', decision)
