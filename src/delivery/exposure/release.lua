-- Takes back messages of a decision: whoever asks for it again does not get them; their tickets stay for the prices of those
-- before them.
--
-- KEYS[1]  the member's exposure state
-- ARGV[1]  the epoch; a state of another life is left alone
-- ARGV[2]  JSON: {decisionId, decisionKey, places: list of their places in the decision, from 1, isRepeatable: it was asked for
--          with a request id, endsHolds: nobody was given them, so that their holds end; unless a repeat may have been}
local state = readState(KEYS[1])
if not state or state.e ~= ARGV[1] then
  return 0
end
local request = cjson.decode(ARGV[2])
for _, decision in ipairs(state.d) do
  if decision[4] == request.decisionId then
    local tickets = decision[6]
    for _, place in ipairs(request.places) do
      -- No creative has this id.
      if tickets[place] then tickets[place] = (string.gsub(tickets[place], '^%S+', '-')) end
    end
  end
end
if request.endsHolds and not mayBeGiven(state, request.decisionId, request.isRepeatable) then
  endHoldsOf(state, request.decisionKey, request.places)
end
redis.call('SET', KEYS[1], packState(state), 'KEEPTTL')
return #request.places
