# What mends a node asks for what it needs.
$ confman node
confman: usage: confman node replace|repair|resume
[exit 2]
$ confman node resum
confman: there is no command "node resum": did you mean node resume?
[exit 2]
$ confman node replace --data-dir DIR/n
confman: --join is missing: confman token, on a member, prints what to give it
[exit 2]
$ confman node replace three --join 6481 --data-dir DIR/n
confman: "three" is no node's number: confman status lists them
[exit 2]
$ confman node replace 3 4 --join 6481
confman: usage: confman node replace [NUMBER] --join TOKEN
[exit 2]
$ confman node repair --data-dir DIR/n
confman: --from is missing: name the address at which clients reach another node
[exit 2]
$ confman node repair --from 1 --data-dir DIR/n
confman: nobody answers at 127.0.0.1:1: start a node with confman serve, or name another address with --addr
[exit 1]
$ confman node resume --data-dir DIR/n
no crash is noted in DIR/n
$ confman recover --data-dir DIR/n
confman: DIR/n has no identity.json: there is no node to recover from
[exit 1]

# A backup becomes a cluster, once.
$ confman set prod/api/timeout 30s
$ confman restore DIR/nothing.db --data-dir DIR/n
confman: there is no file DIR/nothing.db
[exit 3]
$ confman backup DIR/b.db
DIR/b.db: revision 2, 1 configs, SIZE bytes, cluster 00c1
$ confman restore DIR/b.db DIR/n
confman: usage: confman restore FILE
[exit 2]
$ confman inspect DIR/b.db prod/api
timeout
