// node-redis shows the abilities that matrix_test.go describes.
const redis = require('redis');
const assert = require('assert');
const same = assert.deepStrictEqual;

const [below, ...addresses] = process.argv.slice(2);
const name = last => `${below}/${last}`;

// client returns one that has connected. It does not try again by itself: the next address is tried.
async function client(address) {
    const c = redis.createClient({url: `redis://${address}`, name: 'matrix', socket: {reconnectStrategy: () => new Error('gone')}});
    c.on('error', () => {}); // the command that it meets tells of it
    await c.connect();
    return c;
}

let r;

const abilities = {
    async connect() {
        r = await client(addresses[0]);
        same(await r.ping(), 'PONG');
        same(await r.clientGetName(), 'matrix');
    },

    async strings() {
        const text = Buffer.from('k\xe4se\r\n\0', 'latin1'), buffers = redis.commandOptions({returnBuffers: true});
        same(await r.set(name('text'), text), 'OK');
        same(await r.get(buffers, name('text')), text);
        same(await r.mGet(buffers, [name('text'), name('nothing')]), [text, null]);
        same(await r.get(name('nothing')), null);
        for (let n = 1; !await r.exists(name('struck')); n++) {
            same(await r.incr(name('count')), n);
        }
    },

    async hashes() {
        same(await r.hSet(name('hash'), {a: 1, b: 2, c: 3}), 3);
        same({...await r.hGetAll(name('hash'))}, {a: '1', b: '2', c: '3'});
        same(await r.get(name('hash/b')), '2');
        same(await r.hDel(name('hash'), 'b'), 1);
        same(await r.hLen(name('hash')), 2);
    },

    // What is sent at once is a pipeline.
    async pipelines() {
        const sent = [];
        for (let i = 1; i < 100; i++) {
            sent.push(r.incr(name('piped')));
        }
        sent.push(r.hGet(name('text'), 'field')); // of a config
        const replies = await Promise.allSettled(sent);
        same(replies.slice(0, 99).map(r => r.value), [...Array(99).keys()].map(i => i + 1));
        assert.match(replies[99].reason.message, /^WRONGTYPE/);
    },

    async transactions() {
        await r.executeIsolated(async c => {
            await c.watch(name('watched'));
            same(await c.multi().incr(name('watched')).exec(), [1]);
            await c.watch(name('watched'));
            await r.set(name('watched'), '7');
            await assert.rejects(c.multi().incr(name('watched')).exec(), redis.WatchError);
        });
        same(await r.get(name('watched')), '7');
    },

    async scan() {
        const fields = [...Array(250).keys()].map(i => String(i).padStart(3, '0'));
        await r.hSet(name('many'), Object.fromEntries(fields.map(f => [f, 'x'])));
        const names = [], pairs = [];
        for await (const n of r.scanIterator({MATCH: name('many/*'), COUNT: 20})) {
            names.push(n);
        }
        same(names.sort(), fields.map(f => name(`many/${f}`)));
        for await (const {field, value} of r.hScanIterator(name('many'), {COUNT: 20})) {
            pairs.push(field + value);
        }
        same(pairs.sort(), fields.map(f => f + 'x'));
    },

    async pubsub() {
        const s = await client(addresses[0]), heard = [];
        const both = new Promise((done, fail) => {
            setTimeout(() => fail(new Error(`heard ${heard}`)), 15000);
            const hear = (message, channel) => heard.push(message + channel) == 2 && done();
            s.subscribe(name('channel'), hear).then(() => s.pSubscribe(name('chan*'), hear))
                .then(() => r.publish(name('channel'), 'hello'));
        });
        await both;
        same(heard, Array(2).fill('hello' + name('channel')));
        await s.quit();
    },

    async expiry() {
        await r.set(name('soon'), 'x', {PX: 100});
        for (const end = Date.now() + 15000; await r.exists(name('soon'));) {
            assert(Date.now() < end);
        }
        await r.setEx(name('soon'), 3600, 'x');
        const left = await r.ttl(name('soon'));
        assert(3540 < left && left <= 3600);
        same(await r.persist(name('soon')), true);
        same(await r.ttl(name('soon')), -1);
    },

    async reconnect() {
        let c = r, at = 0, acknowledged = 0, doubtful = 0;
        for (let since = 0; since < 20;) {
            try {
                await c.incr(name('again'));
                acknowledged++;
                since += at > 0;
            } catch (e) {
                if (e instanceof redis.ErrorReply) {
                    throw e;
                }
                doubtful++;
                c = await client(addresses[++at]);
            }
        }
        return ` ${acknowledged} acknowledged, ${doubtful} in doubt`;
    },
};

async function main() {
    if (below === 'version') {
        console.log(require('redis/package.json').version);
        return;
    }
    for (const [ability, show] of Object.entries(abilities)) {
        try {
            console.log(ability, 'ok' + (await show() || ''));
        } catch (e) {
            console.log(ability, String(e).replace(/\n/g, ' '));
        }
    }
    process.exit();
}

main();
