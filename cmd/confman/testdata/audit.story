# Every change says who made it, from where and why.
$ confman set prod/api/timeout 30s
$ confman set prod/api/timeout 45s
$ confman del prod/api/timeout
$ confman set prod/web/port 443
$ confman audit prod/api
REVISION  TIME                      BY       ADDR             CLIENT  REASON  WHAT
2         TIME  default  CLIENT  -       -       set prod/api/timeout, version 1
3         TIME  default  CLIENT  -       -       set prod/api/timeout, version 1 to 2
4         TIME  default  CLIENT  -       -       del prod/api/timeout, was version 2
$ confman audit --since 3 --count 1 --by default --output json
[
  {
    "revision": 3,
    "time": "TIME",
    "by": "default",
    "addr": "CLIENT",
    "protocol": "resp",
    "client": "",
    "reason": "",
    "act": "",
    "names": [],
    "refused": "",
    "times": 1,
    "changes": [
      {
        "name": "prod/api/timeout",
        "events": "set",
        "from": 1,
        "to": 2,
        "old": "HASH",
        "new": "HASH"
      }
    ]
  }
]
$ confman audit --by nobody
REVISION  TIME  BY  ADDR  CLIENT  REASON  WHAT
$ confman audit --since 3 --count 1 -o yaml
- revision: 3
  time: "TIME"
  by: default
  addr: CLIENT
  protocol: resp
  client: ""
  reason: ""
  act: ""
  names: []
  refused: ""
  times: 1
  changes:
  - name: prod/api/timeout
    events: set
    from: 1
    to: 2
    old: HASH
    new: HASH
$ confman audit --count 0
confman: ERR COUNT is a number from 1 to 1000
[exit 1]
$ confman audit prod//api
confman: ERR name "prod//api" has an empty segment: write one slash, not two
[exit 1]
$ confman audit a b
confman: usage: confman audit [NAMESPACE]
[exit 2]

# Each record is chained to the one before it: none can be altered or taken out unseen.
$ confman audit verify
revisions 2 to 5: 4 records, none missing or altered
hash HASH
$ confman audit verify --output json
{
  "from": 2,
  "to": 5,
  "records": 4,
  "hash": "HASH"
}
$ confman audit verify --export DIR/none.jsonl
confman: there is no file DIR/none.jsonl
[exit 3]
$ confman audit verify x
confman: usage: confman audit verify
[exit 2]
$ confman audit export x
confman: usage: confman audit export
[exit 2]
