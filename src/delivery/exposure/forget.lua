-- Takes back a decision as though it had never been made: its holds end, and whoever asks for it again is decided anew.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  the epoch; a state of another life is left alone
-- ARGV[2]  JSON: {decisionId, decisionKey, places: list of the places that are held, from 1}
--
-- Answers 1; 0 where it was asked for again meanwhile, so that somebody may have been given it: then nothing is changed.
local state = readState(KEYS[1])
if not state or state.e ~= ARGV[1] then
  return 0
end
local request = cjson.decode(ARGV[2])
for i, decision in ipairs(state.d) do
  if decision[4] == request.decisionId then
    if decision[REPEATED] then return 0 end
    table.remove(state.d, i)
    break
  end
end
endHoldsOf(state, request.decisionKey, request.places)
redis.call('SET', KEYS[1], packState(state), 'KEEPTTL')
return 1
