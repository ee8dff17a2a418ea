-- Takes back a decision as though it had never been made: its holds end, and whoever asks for it again is decided anew.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  the epoch; a state of another life is left alone, and the decision is gone with its own
-- ARGV[2]  JSON: {decisionId, decisionKey, places: list of the places that are held, from 1, isRepeatable: it was asked for
--          with a request id}
--
-- Answers 1; 0 where it stays, since somebody may have been given it by a repeat.
local state = readState(KEYS[1])
if not state or state.e ~= ARGV[1] then
  return 1
end
local request = cjson.decode(ARGV[2])
if mayBeGiven(state, request.decisionId, request.isRepeatable) then
  return 0
end
local others = {}
for _, decision in ipairs(state.d) do
  if decision[4] ~= request.decisionId then others[#others + 1] = decision end
end
state.d = others
endHoldsOf(state, request.decisionKey, request.places)
redis.call('SET', KEYS[1], packState(state), 'KEEPTTL')
return 1
