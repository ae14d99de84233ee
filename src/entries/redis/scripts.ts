// What has to happen in one step, as Lua. All times are the server's own. A process is alive as long as it was heard of
// within the lease time, and with it all that it holds and waits for; so one that dies gives everything back.

/**
 * Places: taken in the order of asking, by tickets. Whoever gives one back hands it to the first in the queue, and wakes
 * its process by a message.
 *
 * KEYS held (a set of ids), queue (ids by ticket), limits (of each process), seen (processes by time), breaker.
 * ARGV operation, process, its limit (empty: none), lease time, channel, and the ids. An id begins with its process.
 */
export const placesScript = `
local held, queue, limits, seen, breaker = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local operation, process, limit, lease, channel = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function owner(id) return string.match(id, '^[^:]+') end
local function forget(gone, kept)
  for _, id in ipairs(redis.call('SMEMBERS', held)) do
    if owner(id) == gone and not kept[id] then redis.call('SREM', held, id) end
  end
  for _, id in ipairs(redis.call('ZRANGE', queue, 0, -1)) do
    if owner(id) == gone and not kept[id] then redis.call('ZREM', queue, id) end
  end
end
local function enqueue(id)
  redis.call('ZADD', queue, redis.call('HINCRBY', limits, '#tickets', 1), id)
end
local function serve()
  while true do
    local first = redis.call('ZRANGE', queue, 0, 0)[1]
    if not first then return end
    local most = tonumber(redis.call('HGET', limits, owner(first)) or '')
    if most and redis.call('SCARD', held) >= most then return end
    redis.call('ZREM', queue, first)
    redis.call('SADD', held, first)
    redis.call('PUBLISH', channel .. owner(first), first)
  end
end

redis.call('ZADD', seen, now, process)
if limit == '' then redis.call('HDEL', limits, process) else redis.call('HSET', limits, process, limit) end
for _, dead in ipairs(redis.call('ZRANGEBYSCORE', seen, '-inf', now - lease)) do
  forget(dead, {})
  redis.call('HDEL', limits, dead)
  redis.call('ZREM', seen, dead)
end

local reply = {0, 0, ''}
if operation == 'take' then
  local id = ARGV[6]
  if redis.call('SISMEMBER', held, id) == 0 and not redis.call('ZSCORE', queue, id) then
    if limit == '' then redis.call('SADD', held, id) else enqueue(id) end
  end
  redis.call('PEXPIRE', queue, 3600000)
  local most = tonumber(limit)
  if most and redis.call('ZCARD', queue) == 1 and redis.call('SCARD', held) < most then
    redis.call('ZREM', queue, id)
    redis.call('SADD', held, id)
  end
  serve()
  reply[1] = redis.call('SISMEMBER', held, id)
elseif operation == 'leave' then
  for at = 6, #ARGV do
    redis.call('SREM', held, ARGV[at])
    redis.call('ZREM', queue, ARGV[at])
  end
  serve()
else
  local count = tonumber(ARGV[6])
  local own = {}
  for at = 7, #ARGV do own[ARGV[at]] = true end
  forget(process, own)
  for at = 7, #ARGV do
    local id = ARGV[at]
    if at < 7 + count then
      redis.call('ZREM', queue, id)
      redis.call('SADD', held, id)
    elseif redis.call('SISMEMBER', held, id) == 0 and not redis.call('ZSCORE', queue, id) then
      enqueue(id)
    end
  end
  serve()
  for at = 7 + count, #ARGV do
    if redis.call('SISMEMBER', held, ARGV[at]) == 1 then reply[#reply + 1] = ARGV[at] end
  end
end
for at = 1, 4 do redis.call('PEXPIRE', KEYS[at], 3600000) end
reply[2] = redis.call('ZCARD', seen)
reply[3] = redis.call('GET', breaker) or ''
return reply
`;

/**
 * A record, compared and set. KEYS record. ARGV what it is expected to be (empty: none; `?`: it is only read), what it
 * becomes (empty: none), and how long it is kept.
 */
export const recordScript = `
local record = redis.call('GET', KEYS[1]) or ''
if record ~= ARGV[1] then return {0, record} end
if ARGV[2] == '' then redis.call('DEL', KEYS[1]) else redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
return {1, ARGV[2]}
`;

/**
 * Money, as groups of nine digits from the whole dollars down, each of which a number of Lua holds exactly. Only the whole
 * dollars may be below zero.
 *
 * KEYS sum, applied (which of the process's amounts are in the sum: one that was not heard to have arrived is sent again).
 * ARGV number of the amount (empty: the sum is only read), the least number that may still be sent again, amount, limit
 * (empty: none), and `undo` for an amount that was refused meanwhile: it is taken out, or will not be added any more.
 */
export const spendScript = `
local function read(text)
  local groups = {}
  for group in string.gmatch(text, '%S+') do groups[#groups + 1] = tonumber(group) end
  return groups
end
local stored = redis.call('GET', KEYS[1]) or '0 0 0 0 0'
local id, undone = ARGV[1], 'undo ' .. ARGV[1]
local isApplied = id ~= '' and redis.call('ZSCORE', KEYS[2], id)
if ARGV[5] == 'undo' then
  if redis.call('ZSCORE', KEYS[2], undone) then return {1, stored} end
  redis.call('ZADD', KEYS[2], id, undone)
  redis.call('ZADD', KEYS[2], id, id)
  if not isApplied then return {1, stored} end
elseif id == '' or isApplied then
  return {1, stored}
end
local sum, amount = read(stored), read(ARGV[3])
local carry = 0
for at = 5, 1, -1 do
  local group = sum[at] + amount[at] + carry
  carry = 0
  if at > 1 and group >= 1000000000 then
    group = group - 1000000000
    carry = 1
  end
  sum[at] = group
end
if ARGV[4] ~= '' then
  local limit = read(ARGV[4])
  for at = 1, 5 do
    if sum[at] > limit[at] then return {0, stored} end
    if sum[at] < limit[at] then break end
  end
end
local text = string.format('%.0f %.0f %.0f %.0f %.0f', sum[1], sum[2], sum[3], sum[4], sum[5])
redis.call('SET', KEYS[1], text)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. ARGV[2])
redis.call('ZADD', KEYS[2], ARGV[1], ARGV[1])
redis.call('PEXPIRE', KEYS[2], 86400000)
return {1, text}
`;
