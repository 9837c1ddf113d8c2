# redis-rb shows the abilities that matrix_test.go describes.
require 'redis'

if ARGV[0] == 'version'
  puts Redis::VERSION
  exit
end
Redis.silence_deprecations = true
BELOW, *ADDRESSES = ARGV

def name(last) = "#{BELOW}/#{last}"

def client(at)
  host, port = ADDRESSES[at].split(':')
  Redis.new(host: host, port: port.to_i, id: 'matrix', timeout: 15, reconnect_attempts: 0)
end

R = client(0)

def same(got, want)
  raise "got #{got.inspect}, want #{want.inspect}" unless got == want
end

def connect
  same R.ping, 'PONG'
  same R.call(:client, :setname, 'matrix'), 'OK'
  same R.call(:client, :getname), 'matrix'
end

def strings
  text = "k\xE4se\r\n\0".b
  same R.set(name('text'), text), 'OK'
  same R.get(name('text')).b, text
  same R.mget(name('text'), name('nothing')).map { |v| v&.b }, [text, nil]
  same R.get(name('nothing')), nil
  n = 0
  same R.incr(name('count')), n += 1 until R.exists?(name('struck'))
end

def hashes
  same R.hset(name('hash'), { 'a' => 1, 'b' => 2, 'c' => 3 }), 3
  same R.hgetall(name('hash')), { 'a' => '1', 'b' => '2', 'c' => '3' }
  same R.get(name('hash/b')), '2'
  same R.hdel(name('hash'), 'b'), 1
  same R.hlen(name('hash')), 2
end

def pipelines
  same R.pipelined { |p| 99.times { p.incr(name('piped')) } }, (1..99).to_a
  begin
    R.pipelined do |p|
      p.hget(name('text'), 'field') # of a config
      p.incr(name('piped'))
    end
    raise 'nothing has failed'
  rescue Redis::CommandError => e
    same e.message.split.first, 'WRONGTYPE'
  end
  same R.get(name('piped')), '100'
end

def transactions
  same R.watch(name('watched')) { R.multi { |tx| tx.incr(name('watched')) } }, [1]
  undone = R.watch(name('watched')) do
    client(0).set(name('watched'), 7)
    R.multi { |tx| tx.incr(name('watched')) }
  end
  same undone, nil
  same R.get(name('watched')), '7'
end

def scan
  fields = (0...250).map { |i| format('%03d', i) }
  R.mapped_hmset(name('many'), fields.to_h { |f| [f, 'x'] })
  same R.scan_each(match: name('many/*'), count: 20).sort, fields.map { |f| name("many/#{f}") }
  same R.hscan_each(name('many'), count: 20).sort, fields.map { |f| [f, 'x'] }
end

def pubsub
  heard = []
  s = client(0)
  s.subscribe_with_timeout(15, name('channel')) do |on|
    on.subscribe { |channel, _| same R.publish(channel, 'hello'), 1 }
    on.message { |_, message| (heard << message) && s.unsubscribe }
  end
  s.psubscribe_with_timeout(15, name('chan*')) do |on|
    on.psubscribe { |_, _| same R.publish(name('channel'), 'hello'), 1 }
    on.pmessage { |_, _, message| (heard << message) && s.punsubscribe }
  end
  same heard, %w[hello hello]
end

def expiry
  R.set(name('soon'), 'x', px: 100)
  ends = Time.now + 15
  same Time.now < ends, true while R.exists?(name('soon'))
  R.setex(name('soon'), 3600, 'x')
  same R.ttl(name('soon')).between?(3541, 3600), true
  same R.persist(name('soon')), true
  same R.ttl(name('soon')), -1
end

def reconnect
  c = R
  at = acknowledged = doubtful = since = 0
  while since < 20
    begin
      c.incr(name('again'))
      acknowledged += 1
      since += 1 if at.positive?
    rescue Redis::BaseConnectionError
      doubtful += 1
      c = client(at += 1)
    end
  end
  " #{acknowledged} acknowledged, #{doubtful} in doubt"
end

$stdout.sync = true
%i[connect strings hashes pipelines transactions scan pubsub expiry reconnect].each do |ability|
  said = send(ability)
  puts "#{ability} ok#{said if said.is_a?(String)}"
rescue StandardError => e
  puts "#{ability} #{e.class} #{e.message}".tr("\n", ' ')
end
