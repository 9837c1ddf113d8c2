# What holds in a namespace is said of it, and holds for those below it too.
$ confman set prod/api/port 80
$ confman set prod/api/eu/zone a
$ confman set top 1
$ confman ns ls
/
prod/api
prod/api/eu
$ confman ns ls prod*
prod/api
prod/api/eu
$ confman ns tree
NAMESPACE  KEYS  OWNER  DESCRIPTION
/          1     -      -
  prod/    0     -      -
    api/   1     -      -
      eu/  1     -      -
$ confman ns tree prod/
NAMESPACE  KEYS  OWNER  DESCRIPTION
prod/      0     -      -
  api/     1     -      -
    eu/    1     -      -
$ confman ns get prod
description  -
owner        -
keep         100
age          -
max_keys     -
max_bytes    -
protect      false
strict       false
keys         2
bytes        32
$ confman ns set prod --owner ops --description "all that is real" --keep 20 --age 720h --max-keys 3 --protect
$ confman ns set prod --max-bytes 5000
$ confman ns get prod/api
description  -
owner        ops
keep         20
age          720h0m0s
max_keys     3
max_bytes    5000
protect      true
strict       false
keys         2
bytes        32
$ confman ns get prod --output json
{
  "description": "all that is real",
  "owner": "ops",
  "keep": 20,
  "age": 2592000000,
  "max_keys": 3,
  "max_bytes": 5000,
  "protect": true,
  "strict": false,
  "keys": 2,
  "bytes": 32,
  "rules": [],
  "own": [
    "description",
    "owner",
    "keep",
    "age",
    "max_keys",
    "max_bytes",
    "protect"
  ]
}
$ confman ns set prod
confman: nothing to set: name a setting, such as --owner ops; confman ns set --help lists them
[exit 2]
$ confman ns set prod --keep -1
confman: invalid value "-1" for flag -keep: parse error
[exit 2]
$ confman ns tree --output yaml
- namespace: /
  keys: 1
  description: ""
  owner: ""
- namespace: prod
  keys: 0
  description: all that is real
  owner: ops
- namespace: prod/api
  keys: 1
  description: ""
  owner: ops
- namespace: prod/api/eu
  keys: 1
  description: ""
  owner: ops
$ confman set prod/a 1
$ confman set prod/b 1
confman: OOM namespace prod is at its quota of 3 keys: it holds 3, and this would make it 4; delete some, or raise the quota with NS SET prod QUOTA keys bytes
[exit 1]
$ confman ns set prod --max-keys 0 --protect=false
$ confman set prod/b 1
$ confman ns set prod --owner ""
$ confman ns get prod
description  all that is real
owner        -
keep         20
age          720h0m0s
max_keys     -
max_bytes    5000
protect      false
strict       false
keys         4
bytes        46
$ confman ns del prod
confman: ERR namespace prod holds configs, such as "prod/a": delete them first, or with it by NS DEL prod FORCE; to take single settings off, NS SET prod with 0 or an empty text
[exit 1]
$ confman ns del prod --force
confman: nothing was changed: give --yes to do it
[exit 2]
$ confman ns del prod --force --yes --output json
{
  "deleted": true,
  "namespace": "prod"
}
$ confman ns ls
/
$ confman ns del nosuch
confman: namespace "nosuch" has no settings of its own
[exit 3]
$ confman ns set top --owner ops
confman: WRONGTYPE "top" is a config: settings are a namespace's
[exit 4]
$ confman ns get a//b
confman: ERR name "a//b" has an empty segment: write one slash, not two
[exit 1]
