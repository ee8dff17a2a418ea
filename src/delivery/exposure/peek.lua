-- A member's exposure state as JSON {impressions, holds, totals} (lists as in hold.lua); '' when there is no trusted one.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  the epoch
local packed = redis.call('GET', KEYS[1])
local state = packed and cmsgpack.unpack(packed)
if not state or state.e ~= ARGV[1] or state.p then
  return ''
end
return cjson.encode({ impressions = state.c, holds = state.h, totals = state.t })
