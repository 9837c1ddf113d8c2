# A backup is the state of one revision, in a file.
$ confman set prod/api/timeout 30s
$ confman set prod/api/banner "two\nlines"
$ confman set prod/top 1
$ confman backup DIR/monday.db
DIR/monday.db: revision 4, 3 configs, SIZE bytes, cluster 00c1
$ confman backup verify DIR/monday.db
file        DIR/monday.db
bytes       SIZE
condition   whole
frames      1
revision    4
cluster     00c1
generation  2
configs     3
namespaces  2
state_hash  HASH
member      1 at 127.0.0.1:6479, raft 127.0.0.1:1
$ confman backup verify DIR/monday.db --output json
{
  "file": "DIR/monday.db",
  "bytes": SIZE,
  "whole_bytes": SIZE,
  "damaged": false,
  "frames": 1,
  "revision": 4,
  "cluster": "00c1",
  "generation": 2,
  "configs": 3,
  "namespaces": 2,
  "state_hash": "HASH",
  "members": [
    {
      "node": 1,
      "resp": "127.0.0.1:6479",
      "raft": "127.0.0.1:1"
    }
  ]
}

# What is there is replaced only if it is meant.
$ confman set prod/top 2
$ confman backup DIR/monday.db
confman: DIR/monday.db is there already: name another file, or replace it with --force
[exit 4]
$ confman backup DIR/monday.db --output json
{
  "code": 4,
  "error": "DIR/monday.db is there already: name another file, or replace it with --force"
}
[exit 4]
$ confman backup DIR/monday.db --force --output yaml
file: DIR/monday.db
bytes: SIZE
whole_bytes: SIZE
damaged: false
frames: 1
revision: 5
cluster: 00c1
generation: 2
configs: 3
namespaces: 2
state_hash: HASH
members:
- node: 1
  resp: 127.0.0.1:6479
  raft: 127.0.0.1:1
$ confman backup DIR/none/monday.db
confman: open DIR/none/monday.db.new: no such file or directory
[exit 1]
$ confman backup DIR/
confman: DIR/ is no regular file: name another, or - for standard output
[exit 4]
$ confman backup DIR/tuesday.db --addr 127.0.0.1:1
confman: nobody answers at 127.0.0.1:1: start a node with confman serve, or name another address with --addr
[exit 1]
$ confman backup verify DIR/tuesday.db
confman: there is no file DIR/tuesday.db
[exit 3]

# A backup can be looked into. Values are shown one at a time, by their names.
$ confman inspect DIR/monday.db
file        DIR/monday.db
bytes       SIZE
condition   whole
frames      1
revision    5
cluster     00c1
generation  2
configs     3
namespaces  2
state_hash  HASH
member      1 at 127.0.0.1:6479, raft 127.0.0.1:1
$ confman inspect DIR/monday.db --output json
{
  "file": "DIR/monday.db",
  "bytes": SIZE,
  "whole_bytes": SIZE,
  "damaged": false,
  "frames": 1,
  "revision": 5,
  "cluster": "00c1",
  "generation": 2,
  "configs": 3,
  "namespaces": 2,
  "state_hash": "HASH",
  "members": [
    {
      "node": 1,
      "resp": "127.0.0.1:6479",
      "raft": "127.0.0.1:1"
    }
  ]
}
$ confman inspect DIR/monday.db prod/api/timeout
name      prod/api/timeout
value     30s
version   1
revision  2
created   TIME
updated   TIME
by        default
expires   -
$ confman inspect DIR/monday.db prod/api/banner
name      prod/api/banner
value     "two\nlines"
version   1
revision  3
created   TIME
updated   TIME
by        default
expires   -
$ confman inspect DIR/monday.db prod/api/banner --output json
{
  "name": "prod/api/banner",
  "value": "two\nlines",
  "version": 1,
  "revision": 3,
  "created": "TIME",
  "updated": "TIME",
  "by": "default"
}
$ confman inspect DIR/monday.db prod/api/banner -o yaml
name: prod/api/banner
value: |-
  two
  lines
version: 1
revision: 3
created: "TIME"
updated: "TIME"
by: default
$ confman inspect DIR/monday.db /
prod/
$ confman inspect DIR/monday.db prod/
api/
top
$ confman inspect DIR/monday.db prod --output json
{
  "namespaces": [
    "api"
  ],
  "configs": [
    "top"
  ]
}
$ confman inspect DIR/monday.db confman/nodes/1 -o yaml
name: confman/nodes/1
value: "{\"host\":\"h1\",\"raft\":\"127.0.0.1:1\",\"resp\":\"127.0.0.1:6479\"}"
version: 1
revision: 1
created: "TIME"
updated: "TIME"
by: system
$ confman inspect DIR/monday.db nosuch
confman: there is no config and no namespace "nosuch" in DIR/monday.db
[exit 3]
$ confman inspect DIR/nosuch.db
confman: there is no file DIR/nosuch.db
[exit 3]
$ confman inspect DIR/ --output json
{
  "code": 3,
  "error": "there is no file DIR/confman.db"
}
[exit 3]
$ confman backup DIR/tuesday.db --data-dir DIR/none
confman: there is no file DIR/none/confman.db
[exit 3]
$ confman backup verify DIR/
confman: DIR/ is a directory, not a backup: confman inspect looks into a node's data directory
[exit 1]

# Usage.
$ confman backup DIR/tuesday.db --data-dir DIR/none --addr 7000
confman: --addr is a node that runs and --data-dir one that does not: name one of them
[exit 2]
$ confman backup
confman: usage: confman backup FILE|-
[exit 2]
$ confman backup a b
confman: usage: confman backup FILE|-
[exit 2]
$ confman backup verify
confman: usage: confman backup verify FILE
[exit 2]
$ confman backup verify a b
confman: usage: confman backup verify FILE
[exit 2]
$ confman backup --output json verify DIR/monday.db
confman: flags stand behind verify: confman backup verify FILE --output json
[exit 2]
$ confman backup DIR/monday.db --compress
confman: there is no flag "--compress": there are --addr, --output, --data-dir, --force, --help
[exit 2]
$ confman backup verify DIR/monday.db --force
confman: there is no flag "--force": there are --output, --help
[exit 2]
$ confman inspect
confman: usage: confman inspect FILE|DIR [NAME]
[exit 2]
$ confman backup --help
NAME:
   confman backup - copy all that a node holds to a file, or to standard output

USAGE:
   confman backup [command options] FILE|-

COMMANDS:
   verify  check that a backup is whole, and tell what is in it

OPTIONS:
   --addr value, -a value    where a node's clients reach it: HOST:PORT, or a port of this machine ($CONFMAN_RESP_ADDR) (default: "NODE")
   --output value, -o value  how to print: table, json or yaml (default: "table")
   --data-dir value          take it from the data directory of a node that does not run
   --force                   replace FILE; use what is whole of a damaged data directory
   --help, -h                show help
