-- Begins a new life of the exposure state, unless another process was quicker.
--
-- KEYS[1]  the epoch
-- ARGV[1]  id of the life that is known to be over; '' when there was none
-- ARGV[2]  id of the new one; ARGV[3] epoch ms until which capped ad groups wait; ARGV[4] the server's run id
-- ARGV[5]  'yes': the server writes what it answers before it does
if (redis.call('HGET', KEYS[1], 'id') or '') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'id', ARGV[2], 'quarantinedUntil', ARGV[3], 'runId', ARGV[4], 'isDurable', ARGV[5])
return 1
