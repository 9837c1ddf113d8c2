/* hiredis shows the abilities that matrix_test.go describes. */
#include <hiredis.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static redisContext *c;
static const char *below;
static char **addresses;
static char why[512]; /* why an ability is none */

static redisContext *dial(int at) {
    char host[64];
    int port;
    if (sscanf(addresses[at], "%63[^:]:%d", host, &port) != 2) abort();
    struct timeval patience = {15, 0};
    redisContext *new = redisConnectWithTimeout(host, port, patience);
    redisSetTimeout(new, patience);
    return new;
}

/* say notes the first thing that is not as it should be. */
static void say(const char *what, const char *got) {
    if (!*why) snprintf(why, sizeof why, "%s: got %s", what, got);
}

static char *show(redisReply *r, char *to, size_t room) {
    if (!r) snprintf(to, room, "error %s", c->errstr);
    else if (r->type == REDIS_REPLY_NIL) snprintf(to, room, "nil");
    else if (r->type == REDIS_REPLY_INTEGER) snprintf(to, room, "%lld", r->integer);
    else if (r->type != REDIS_REPLY_ARRAY) snprintf(to, room, "%.*s", (int)r->len, r->str);
    else {
        size_t n = snprintf(to, room, "[");
        for (size_t i = 0; i < r->elements && n < room; i++) {
            if (i) n += snprintf(to + n, room - n, " ");
            show(r->element[i], to + n, room - n);
            n += strlen(to + n);
        }
        if (n < room) snprintf(to + n, room - n, "]");
    }
    return to;
}

/* same takes the reply to what was sent, which must be as wanted, up to what the reply's end may be. */
static void same(redisReply *r, const char *want) {
    char got[256];
    if (strncmp(show(r, got, sizeof got), want, strlen(want))) say(want, got);
    if (r) freeReplyObject(r);
}

/* is sends a command and compares its reply; $ at the beginning of a word stands for the name. */
static redisReply *command(redisContext *to, const char *words) {
    char copy[1024], text[16][256];
    const char *argv[16];
    int argc = 0;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *w = strtok(copy, " "); w; w = strtok(NULL, " "), argc++) {
        snprintf(text[argc], sizeof text[argc], "%s%s", *w == '$' ? below : "", w + (*w == '$'));
        argv[argc] = text[argc];
    }
    return redisCommandArgv(to, argc, argv, NULL);
}

static void is(const char *words, const char *want) { same(command(c, words), want); }

static long long number(const char *words) {
    redisReply *r = command(c, words);
    long long n = r && r->type == REDIS_REPLY_INTEGER ? r->integer : -1;
    if (r) freeReplyObject(r);
    return n;
}

static void connects(void) {
    c = dial(0);
    is("PING", "PONG");
    is("CLIENT SETNAME matrix", "OK");
    is("CLIENT GETNAME", "matrix");
}

static void strings(void) {
    same(redisCommand(c, "SET %s/text %b", below, "k\xe4se\r\n\0", (size_t)7), "OK");
    redisReply *r = command(c, "GET $/text");
    if (!r || r->len != 7 || memcmp(r->str, "k\xe4se\r\n\0", 7)) say("GET", "other bytes");
    freeReplyObject(r);
    is("MGET $/text $/nothing", "[k\xe4se");
    is("GET $/nothing", "nil");
    for (long long n = 1; !*why && number("EXISTS $/struck") == 0; n++)
        if (number("INCR $/count") != n) say("INCR", "another number");
}

static void hashes(void) {
    is("HSET $/hash a 1 b 2 c 3", "3");
    is("HGETALL $/hash", "[a 1 b 2 c 3]");
    is("GET $/hash/b", "2");
    is("HDEL $/hash b", "1");
    is("HLEN $/hash", "2");
}

static void pipelines(void) {
    char want[16];
    redisReply *r;
    for (int i = 0; i < 99; i++) redisAppendCommand(c, "INCR %s/piped", below);
    redisAppendCommand(c, "HGET %s/text field", below); /* of a config */
    for (int i = 1; i < 100; i++) {
        snprintf(want, sizeof want, "%d", i);
        if (redisGetReply(c, (void **)&r) != REDIS_OK) return say("a reply", c->errstr);
        same(r, want);
    }
    if (redisGetReply(c, (void **)&r) != REDIS_OK) return say("a reply", c->errstr);
    same(r, "WRONGTYPE");
}

static void transactions(void) {
    redisContext *other = dial(0);
    is("WATCH $/watched", "OK");
    is("MULTI", "OK");
    is("INCR $/watched", "QUEUED");
    is("EXEC", "[1]");
    is("WATCH $/watched", "OK");
    same(command(other, "SET $/watched 7"), "OK");
    is("MULTI", "OK");
    is("INCR $/watched", "QUEUED");
    is("EXEC", "nil");
    is("GET $/watched", "7");
    redisFree(other);
}

/* iterate follows the cursor until all was seen, and checks that it was all, each once. */
static void iterate(const char *format, int step) {
    char seen[250] = {0}, cursor[32] = "0", words[256];
    int met = 0;
    do {
        snprintf(words, sizeof words, format, cursor);
        redisReply *r = command(c, words);
        if (!r || r->type != REDIS_REPLY_ARRAY) return say(words, r ? r->str : c->errstr);
        snprintf(cursor, sizeof cursor, "%s", r->element[0]->str);
        for (size_t i = 0; i < r->element[1]->elements; i += step, met++) {
            redisReply *name = r->element[1]->element[i];
            int n = atoi(name->str + name->len - 3);
            if (n < 0 || n >= 250 || seen[n]++) say("each once", name->str);
        }
        freeReplyObject(r);
    } while (strcmp(cursor, "0"));
    if (met != 250) say("250 of them", "another number");
}

static void scan(void) {
    for (int i = 0; i < 250; i++) redisAppendCommand(c, "HSET %s/many %03d x", below, i);
    for (int i = 0; i < 250; i++) {
        redisReply *r;
        if (redisGetReply(c, (void **)&r) != REDIS_OK) return say("a reply", c->errstr);
        same(r, "1");
    }
    iterate("SCAN %s MATCH $/many/* COUNT 20", 1);
    iterate("HSCAN $/many %s COUNT 20", 2);
}

static void pubsub(void) {
    redisContext *s = dial(0);
    redisReply *r;
    char got[256], want[256];
    same(command(s, "SUBSCRIBE $/channel"), "[subscribe ");
    same(command(s, "PSUBSCRIBE $/chan*"), "[psubscribe ");
    is("PUBLISH $/channel hello", "2");
    for (int i = 0; i < 2; i++) {
        if (redisGetReply(s, (void **)&r) != REDIS_OK) return say("a message", s->errstr);
        snprintf(want, sizeof want, i ? "[pmessage %s/chan* %s/channel hello]" : "[message %s/channel hello]", below, below);
        if (strcmp(show(r, got, sizeof got), want)) say(want, got);
        freeReplyObject(r);
    }
    redisFree(s);
}

static void expiry(void) {
    is("SET $/soon x PX 100", "OK");
    for (time_t end = time(NULL) + 15; number("EXISTS $/soon") == 1;)
        if (time(NULL) > end) return say("gone", "it is there");
    is("SETEX $/soon 3600 x", "OK");
    long long left = number("TTL $/soon");
    if (left <= 3540 || left > 3600) say("an hour", "another TTL");
    is("PERSIST $/soon", "1");
    is("TTL $/soon", "-1");
}

static void reconnect(void) {
    int at = 0, acknowledged = 0, doubtful = 0, since = 0;
    while (since < 20 && !*why) {
        redisReply *r = command(c, "INCR $/again");
        if (!r) {
            doubtful++;
            redisFree(c);
            c = dial(++at);
            continue;
        }
        if (r->type != REDIS_REPLY_INTEGER) say("INCR", r->str);
        acknowledged++;
        since += at > 0;
        freeReplyObject(r);
    }
    if (!*why) printf("reconnect ok %d acknowledged, %d in doubt\n", acknowledged, doubtful);
    else printf("reconnect %s\n", why);
}

int main(int argc, char **argv) {
    if (argc < 3) return printf("%d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH) < 0;
    below = argv[1], addresses = argv + 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    struct { const char *ability; void (*run)(void); } abilities[] = {
        {"connect", connects}, {"strings", strings}, {"hashes", hashes}, {"pipelines", pipelines},
        {"transactions", transactions}, {"scan", scan}, {"pubsub", pubsub}, {"expiry", expiry}};
    for (size_t i = 0; i < sizeof abilities / sizeof *abilities; i++, *why = 0) {
        abilities[i].run();
        printf("%s %s\n", abilities[i].ability, *why ? why : "ok");
    }
    reconnect();
    return 0;
}
