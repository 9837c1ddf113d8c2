"""redis-py shows the abilities that matrix_test.go describes."""
import sys
import time

import redis

if sys.argv[1] == "version":
    sys.exit(print(redis.__version__))
below, addresses = sys.argv[1], sys.argv[2:]


def client(address):
    host, port = address.split(":")
    return redis.Redis(host=host, port=int(port), client_name="matrix", socket_timeout=15)


r = client(addresses[0])


def name(last):
    return below + "/" + last


def same(got, want):
    if got != want:
        raise AssertionError(f"got {got!r}, want {want!r}")


def connect():
    same(r.ping(), True)
    same(r.client_getname(), "matrix")


def strings():
    same(r.set(name("text"), b"k\xe4se\r\n\0"), True)
    same(r.get(name("text")), b"k\xe4se\r\n\0")
    same(r.mget(name("text"), name("nothing")), [b"k\xe4se\r\n\0", None])
    same(r.get(name("nothing")), None)
    n = 0
    while not r.exists(name("struck")):
        n += 1
        same(r.incr(name("count")), n)


def hashes():
    same(r.hset(name("hash"), mapping={"a": 1, "b": 2, "c": 3}), 3)
    same(r.hgetall(name("hash")), {b"a": b"1", b"b": b"2", b"c": b"3"})
    same(r.get(name("hash/b")), b"2")
    same(r.hdel(name("hash"), "b"), 1)
    same(r.hlen(name("hash")), 2)


def pipelines():
    p = r.pipeline(transaction=False)
    for _ in range(99):
        p.incr(name("piped"))
    p.hget(name("text"), "field")  # of a config
    *replies, last = p.execute(raise_on_error=False)
    same(replies, list(range(1, 100)))
    same(str(last).split()[0], "WRONGTYPE")


def transactions():
    with r.pipeline() as p:
        p.watch(name("watched"))
        p.multi()
        p.incr(name("watched"))
        same(p.execute(), [1])
        p.watch(name("watched"))
        r.set(name("watched"), 7)
        p.multi()
        p.incr(name("watched"))
        try:
            same(p.execute(), "WatchError")
        except redis.WatchError:
            pass
    same(r.get(name("watched")), b"7")


def scan():
    fields = {b"%03d" % i: b"x" for i in range(250)}
    r.hset(name("many"), mapping=fields)
    same(sorted(r.scan_iter(name("many/*"), count=20)), [name("many/").encode() + f for f in fields])
    same(sorted(r.hscan_iter(name("many"), count=20)), list(fields.items()))


def pubsub():
    s = r.pubsub()
    s.subscribe(name("channel"))
    s.psubscribe(name("chan*"))
    kinds = [s.get_message(timeout=15)["type"] for _ in range(2)]
    same(r.publish(name("channel"), "hello"), 2)
    heard = [s.get_message(timeout=15) for _ in range(2)]
    same(kinds + [m["type"] for m in heard], ["subscribe", "psubscribe", "message", "pmessage"])
    same([m["data"] for m in heard], [b"hello"] * 2)


def expiry():
    r.set(name("soon"), "x", px=100)
    end = time.monotonic() + 15
    while r.exists(name("soon")):
        same(time.monotonic() < end, True)
    r.setex(name("soon"), 3600, "x")
    same(3540 < r.ttl(name("soon")) <= 3600, True)
    same(r.persist(name("soon")), True)
    same(r.ttl(name("soon")), -1)


def reconnect():
    c, at, acknowledged, doubtful, since = r, 0, 0, 0, 0
    while since < 20:
        try:
            c.incr(name("again"))
            acknowledged += 1
            since += at > 0
        except redis.ConnectionError:
            doubtful += 1
            at += 1
            c = client(addresses[at % len(addresses)])
    return f" {acknowledged} acknowledged, {doubtful} in doubt"


for ability in connect, strings, hashes, pipelines, transactions, scan, pubsub, expiry, reconnect:
    try:
        verdict = "ok" + (ability() or "")
    except Exception as e:
        verdict = repr(e)
    print(ability.__name__, verdict, flush=True)
