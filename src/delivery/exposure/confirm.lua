-- Turns holds of one member into counted impressions; doing it again changes nothing.
--
-- KEYS[1]  the member's exposure state (its form is told in hold.lua)
-- ARGV[1]  the epoch; a state of a later one was read from Postgres with these impressions, and is left alone
-- ARGV[2]  impressions, JSON: list of {messageId, adGroupId, campaignId, at, advertiserId}
-- ARGV[3]  how long, in ms, the impressions are kept for a state that is not there: longer than a rebuild can take
local packed = redis.call('GET', KEYS[1])
local state = packed and cmsgpack.unpack(packed)
if state and state.e > ARGV[1] then
  return 0
end
if not state or state.e < ARGV[1] then
  -- Somebody may be rebuilding it from what Postgres said before these impressions came.
  state = { e = ARGV[1], p = true, c = {}, h = {}, t = {}, d = {} }
end

local counted = {}
for _, impression in ipairs(state.c) do
  counted[impression[1]] = true
end
local added = 0
for _, impression in ipairs(cjson.decode(ARGV[2])) do
  local messageId, adGroupId, campaignId = impression[1], impression[2], impression[3]
  for i = #state.h, 1, -1 do
    if state.h[i][1] == messageId then table.remove(state.h, i) end
  end
  if not counted[messageId] then
    counted[messageId] = true
    state.c[#state.c + 1] = impression
    state.t[adGroupId] = (state.t[adGroupId] or 0) + 1
    state.t[campaignId] = (state.t[campaignId] or 0) + 1
    added = added + 1
  end
end
if state.p then
  redis.call('SET', KEYS[1], cmsgpack.pack(state), 'PX', ARGV[3])
else
  redis.call('SET', KEYS[1], cmsgpack.pack(state), 'KEEPTTL')
end
return added
