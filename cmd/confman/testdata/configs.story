# A config is set, read, listed and deleted.
$ confman set prod/api/timeout 30s
$ confman get prod/api/timeout
30s
$ confman set prod/api/banner - < two words
$ confman get prod/api/banner --output json
{
  "name": "prod/api/banner",
  "value": "two words"
}
$ confman set prod/top 1
$ confman set prod/api/eu/zone a
$ confman set plain -5
$ confman get plain
-5
$ confman set dash -- --output
$ confman get dash -o yaml
name: dash
value: --output
$ confman set "with space" "an \"odd\" value" --output json
{
  "name": "with space",
  "set": true
}
$ confman ls
prod/
dash
plain
with space
$ confman ls prod
api/
top
$ confman ls prod/api/
eu/
banner
timeout
$ confman ls prod --output json
{
  "namespaces": [
    "api"
  ],
  "configs": [
    "top"
  ]
}
$ confman ls prod/api/eu --output yaml
namespaces: []
configs:
- zone
$ confman tree
/
├── dash
├── plain
├── prod/
│   ├── api/
│   │   ├── banner
│   │   ├── eu/
│   │   │   └── zone
│   │   └── timeout
│   └── top
└── with space
$ confman tree prod/api
prod/api/
├── banner
├── eu/
│   └── zone
└── timeout
$ confman tree prod/api --output json
[
  "prod/api/banner",
  "prod/api/eu/zone",
  "prod/api/timeout"
]

# A value that is no text says so.
$ confman set binary "\xff\x00\x01"
$ confman get binary --output json
{
  "name": "binary",
  "value": "/wAB",
  "encoding": "base64"
}
$ confman get binary --output yaml
name: binary
value: /wAB
encoding: base64

# Words of the command line are names like any other.
$ confman set h 1
$ confman get h
1
$ confman set help 2
$ confman get help --output yaml
name: help
value: "2"
$ confman set output json --output json
{
  "name": "output",
  "set": true
}
$ confman get output --output table
json
$ confman del h help output

# What is not there.
$ confman get prod/api/nosuch
confman: there is no config "prod/api/nosuch"
[exit 3]
$ confman get nosuch --output json
{
  "code": 3,
  "error": "there is no config \"nosuch\""
}
[exit 3]
$ confman ls nosuch
confman: there is no namespace "nosuch"
[exit 3]
$ confman tree nosuch
confman: there is no namespace "nosuch"
[exit 3]
$ confman del plain
$ confman del plain dash
confman: 1 of 2 names were not there
[exit 3]
$ confman del binary --output json
{
  "deleted": 1
}

# Names are a config or a namespace, and expire only in the future.
$ confman set prod 1
confman: WRONGTYPE "prod" cannot be set: it is a namespace, which holds "prod/top"
[exit 4]
$ confman set gone 1 --expires 10m
$ confman set gone 1 --expires -1s
confman: ERR invalid expire time in 'set' command
[exit 1]

# The nodes of the cluster, as they see themselves.
$ confman status
NODE  ROLE         RESP             RAFT         REVISION  STATE_HASH  CONTACT_MS  STALE_MS  HEALTH  VERSION
1     follower     NODE  127.0.0.1:1  7         00ff        0           250       green   v9
2     unreachable  127.0.0.1:1      127.0.0.1:2  -         -           -           -         -       -
