# Every version of a config is kept: who wrote it when, and what became of it.
$ confman set web/port 80
$ confman set web/port 443
$ confman set web/host "a\nb\nc"
$ confman history web/port
VERSION  REVISION  TIME                      BY       SIZE  DIGEST            STATE     UNTIL
2        3         TIME  default  3     HASH  current   -
1        2         TIME  default  2     HASH  replaced  TIME
$ confman history web/port --count 1 --output json
[
  {
    "version": 2,
    "revision": 3,
    "time": "TIME",
    "by": "default",
    "size": 3,
    "digest": "HASH",
    "state": "current",
    "until": null
  }
]
$ confman history nosuch
confman: there is no history of "nosuch"
[exit 3]
$ confman diff web/port 1 2
--- web/port version 1
+++ web/port version 2
@@ -1 +1 @@
-80
+443
$ confman diff web/port 2 2
$ confman diff web/port 1
--- web/port version 1
+++ web/port version 2
@@ -1 +1 @@
-80
+443
$ confman diff web/port 1 2 --output json
{
  "diff": "--- web/port version 1\n+++ web/port version 2\n@@ -1 +1 @@\n-80\n+443\n",
  "name": "web/port"
}
$ confman diff web/port 1 9
confman: ERR web/port has no such version: CONF HISTORY web/port lists those that it has
[exit 1]
$ confman diff web/ 2 4
added web/host
--- /dev/null
+++ web/host version 1
@@ -0,0 +1,3 @@
+a
+b
+c
changed web/port
--- web/port version 1
+++ web/port version 2
@@ -1 +1 @@
-80
+443
$ confman diff web 2 4 --output yaml
- change: added
  name: web/host
  from: 0
  to: 1
  diff: "--- /dev/null\n+++ web/host version 1\n@@ -0,0 +1,3 @@\n+a\n+b\n+c\n"
- change: changed
  name: web/port
  from: 1
  to: 2
  diff: "--- web/port version 1\n+++ web/port version 2\n@@ -1 +1 @@\n-80\n+443\n"
$ confman diff web 4
$ confman get web/port --version 1
80
$ confman get web/port --revision 2
80
$ confman get web/port --revision 1
confman: there was then no config "web/port"
[exit 3]
$ confman get web/port --at 0s
443
$ confman get web/port --at 2020-01-01T00:00:00Z
confman: there was then no config "web/port"
[exit 3]
$ confman get web/port --at soon
confman: --at "soon": write a time such as TIME, or how long ago it was, such as 2h or 7d
[exit 2]
$ confman get web/port --at 2h --version 2
confman: give one of --version, --revision and --at
[exit 2]
$ confman get web/port --at 2h --revision 2
confman: give --revision or --at, and not both
[exit 2]
$ confman rollback web/port 1 --dry-run
changed web/port
--- web/port version 2
+++ web/port version 1
@@ -1 +1 @@
-443
+80
$ confman rollback web/port 1
changed web/port
--- web/port version 2
+++ web/port version 1
@@ -1 +1 @@
-443
+80
confman: nothing was changed: give --yes to do it
[exit 2]
$ confman get web/port
443
$ confman rollback web/port 1 --yes
1 config changed
$ confman get web/port
80
$ confman rollback web/port 1
0 configs changed
$ confman rollback web/port 9 --yes
confman: ERR web/port has no such version: CONF HISTORY web/port lists those that it has
[exit 1]
$ confman rollback web --revision 3 --recursive --dry-run
removed web/host
--- web/host version 1
+++ /dev/null
@@ -1,3 +0,0 @@
-a
-b
-c
changed web/port
--- web/port version 3
+++ web/port version 2
@@ -1 +1 @@
-80
+443
$ confman rollback web --revision 3 --yes --output json
{
  "changed": 2
}
$ confman ls web
port
$ confman rollback web
confman: usage: confman rollback NAME VERSION | NAME --revision REVISION | NAME --at TIME
[exit 2]
$ confman rollback web 1 --revision 3
confman: usage: confman rollback NAME VERSION | NAME --revision REVISION | NAME --at TIME
[exit 2]
$ confman del web/port
$ confman history web/port
VERSION  REVISION  TIME                      BY       SIZE  DIGEST            STATE     UNTIL
4        11        TIME  default  3     HASH  deleted   TIME
3        7         TIME  default  2     HASH  replaced  TIME
2        3         TIME  default  3     HASH  replaced  TIME
1        2         TIME  default  2     HASH  replaced  TIME
$ confman usage web/port
NODE  RESP             LAST_READ                 READS  NAMESPACE_READ            NAMESPACE_READS  KNOWN_SINCE
0     NODE  TIME  2      TIME  1                TIME
$ confman usage web/port --output json
[
  {
    "node": 0,
    "host": "NODE",
    "since": "TIME",
    "last": "TIME",
    "reads": 2,
    "namespace_last": "TIME",
    "namespace_reads": 1
  }
]
$ confman usage
confman: usage: confman usage NAME
[exit 2]
