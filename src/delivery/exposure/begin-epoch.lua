-- Begins a new life of the exposure state, unless another process was quicker.
--
-- KEYS[1]  the epoch
-- ARGV[1]  id of the life that is known to be over; '' when there was none
-- ARGV[2]  id of the new one; ARGV[3] the server's run id; ARGV[4] epoch ms until which capped ad groups wait
if (redis.call('HGET', KEYS[1], 'id') or '') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'runId', ARGV[3], 'quarantinedUntil', ARGV[4])
return 1
