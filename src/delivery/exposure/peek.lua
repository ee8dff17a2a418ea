-- A member's exposure state as JSON; '' when there is no trusted one, or none that reaches back far enough.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  the epoch
-- ARGV[2]  epoch ms from which on every impression is wanted
--
-- Answers {impressions: list of {message, row, at}, holds: list of {message, row, expiresAt, decidedAt}, rows: list as in the
-- state, givenUp: {place: count}, completeFrom: epoch ms, decisions: list of expiresAt of those that may be asked for again,
-- most: {holds, decisions}, with which nothing more is held}; rows are counted from 1.
local state = readState(KEYS[1])
if not state or state.e ~= ARGV[1] or state.p then
  return ''
end
-- Where the oldest were put out, no rebuild knows more.
if state.s > tonumber(ARGV[2]) and state.s ~= state.b then
  return ''
end
local impressions, holds, givenUp, decisions = {}, {}, {}, {}
for start = 1, #state.c, IMPRESSION_BYTES do
  local at, row, message = struct.unpack(IMPRESSION, state.c, start)
  impressions[#impressions + 1] = { string.format('%.0f', message), row, at }
end
for i, hold in ipairs(state.h) do
  holds[i] = { string.format('%.0f', hold.message), hold.row, hold.expiresAt, hold.decidedAt }
end
for place, total in pairs(state.x) do givenUp[tostring(place)] = total end
for i, decision in ipairs(state.d) do decisions[i] = decision[2] end
return cjson.encode({
  impressions = impressions, holds = holds, rows = state.k, givenUp = givenUp, completeFrom = state.s,
  decisions = decisions, most = { holds = MOST_HOLDS, decisions = MOST_DECISIONS },
})
