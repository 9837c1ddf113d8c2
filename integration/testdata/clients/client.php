<?php
// phpredis shows the abilities that matrix_test.go describes.
if ($argv[1] === 'version') {
    echo phpversion('redis') ?: exit(1), "\n";
    exit;
}
$below = $argv[1];
$addresses = array_slice($argv, 2);

function name(string $last): string
{
    return $GLOBALS['below'] . '/' . $last;
}

function same($got, $want): void
{
    if ($got !== $want) {
        throw new Exception('got ' . json_encode($got) . ', want ' . json_encode($want));
    }
}

function client(int $at): Redis
{
    [$host, $port] = explode(':', $GLOBALS['addresses'][$at]);
    $c = new Redis();
    $c->connect($host, (int) $port, 15);
    $c->setOption(Redis::OPT_MAX_RETRIES, 0);
    $c->client('setname', 'matrix');
    return $c;
}

$r = client(0);

$abilities = [
    'connect' => function () use ($r) {
        same($r->ping(), true);
        same($r->client('getname'), 'matrix');
    },

    'strings' => function () use ($r) {
        same($r->set(name('text'), "k\xe4se\r\n\0"), true);
        same($r->get(name('text')), "k\xe4se\r\n\0");
        same($r->mGet([name('text'), name('nothing')]), ["k\xe4se\r\n\0", false]);
        same($r->get(name('nothing')), false);
        for ($n = 1; !$r->exists(name('struck')); $n++) {
            same($r->incr(name('count')), $n);
        }
    },

    'hashes' => function () use ($r) {
        same($r->hMSet(name('hash'), ['a' => 1, 'b' => 2, 'c' => 3]), true);
        same($r->hGetAll(name('hash')), ['a' => '1', 'b' => '2', 'c' => '3']);
        same($r->get(name('hash/b')), '2');
        same($r->hDel(name('hash'), 'b'), 1);
        same($r->hLen(name('hash')), 2);
    },

    'pipelines' => function () use ($r) {
        $p = $r->pipeline();
        for ($i = 1; $i < 100; $i++) {
            $p->incr(name('piped'));
        }
        $p->hGet(name('text'), 'field'); // of a config
        same($p->exec(), [...range(1, 99), false]);
        same(explode(' ', $r->getLastError())[0], 'WRONGTYPE');
    },

    'transactions' => function () use ($r) {
        $r->watch(name('watched'));
        same($r->multi()->incr(name('watched'))->exec(), [1]);
        $r->watch(name('watched'));
        client(0)->set(name('watched'), '7');
        same($r->multi()->incr(name('watched'))->exec(), false);
        same($r->get(name('watched')), '7');
    },

    'scan' => function () use ($r) {
        $fields = array_map(fn ($i) => sprintf('f%03d', $i), range(0, 249));
        $r->hMSet(name('many'), array_fill_keys($fields, 'x'));
        $r->setOption(Redis::OPT_SCAN, Redis::SCAN_RETRY);
        $names = $pairs = [];
        for ($cursor = null; $page = $r->scan($cursor, name('many/*'), 20);) {
            array_push($names, ...$page);
        }
        sort($names);
        same($names, array_map(fn ($f) => name("many/$f"), $fields));
        for ($cursor = null; $page = $r->hScan(name('many'), $cursor, null, 20);) {
            $pairs += $page;
        }
        ksort($pairs);
        same($pairs, array_fill_keys($fields, 'x'));
    },

    // Whoever subscribes does nothing else until it closes the connection: another process publishes.
    'pubsub' => function () {
        foreach (['subscribe' => name('channel'), 'psubscribe' => name('chan*')] as $subscribe => $to) {
            if (($publisher = pcntl_fork()) === 0) {
                $c = client(0);
                for ($end = microtime(true) + 15; $c->publish(name('channel'), 'hello') === 0 && microtime(true) < $end;) {
                }
                exit;
            }
            $heard = null;
            $s = client(0);
            $s->setOption(Redis::OPT_READ_TIMEOUT, 15);
            try {
                $s->$subscribe([$to], function ($s, ...$message) use (&$heard) {
                    $heard = end($message);
                    $s->close();
                });
            } catch (RedisException $closed) {
            }
            pcntl_waitpid($publisher, $status);
            same($heard, 'hello');
        }
    },

    'expiry' => function () use ($r) {
        $r->set(name('soon'), 'x', ['px' => 100]);
        for ($end = microtime(true) + 15; $r->exists(name('soon'));) {
            same(microtime(true) < $end, true);
        }
        $r->setEx(name('soon'), 3600, 'x');
        $left = $r->ttl(name('soon'));
        same(3540 < $left && $left <= 3600, true);
        same($r->persist(name('soon')), true);
        same($r->ttl(name('soon')), -1);
    },

    'reconnect' => function () use ($r) {
        $c = $r;
        $at = $acknowledged = $doubtful = 0;
        for ($since = 0; $since < 20;) {
            try {
                same(is_int($c->incr(name('again'))), true);
                $acknowledged++;
                $since += $at > 0;
            } catch (RedisException $e) {
                $doubtful++;
                $c = client(++$at);
            }
        }
        return " $acknowledged acknowledged, $doubtful in doubt";
    },
];

foreach ($abilities as $ability => $show) {
    try {
        $verdict = 'ok' . $show();
    } catch (Throwable $e) {
        $verdict = get_class($e) . ' ' . $e->getMessage() . ' at line ' . $e->getLine();
    }
    echo "$ability $verdict\n";
}
