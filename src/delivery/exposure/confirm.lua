-- Turns holds of one member into counted impressions; doing it again changes nothing.
--
-- KEYS[1]  the member's exposure state (its form is told in hold.lua)
-- ARGV[1]  the epoch; a state of another one, or none, is left alone: it is rebuilt from Postgres when it is needed
-- ARGV[2]  impressions, JSON: list of {messageId, adGroupId, campaignId, at}
local packed = redis.call('GET', KEYS[1])
local state = packed and cmsgpack.unpack(packed)
if not state or state.e ~= ARGV[1] then
  return 0
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
redis.call('SET', KEYS[1], cmsgpack.pack(state), 'KEEPTTL')
return added
