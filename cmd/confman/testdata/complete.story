# What shells ask when somebody presses TAB. The last word is the one under the cursor.
$ confman set prod/api/timeout 30s
$ confman set prod/api/timeout 45s --reason "too slow"
$ confman set prod/apple 1
$ confman set prod/db/host h1
$ confman set prod/*/x 1
$ confman set top 1

# Names, level by level.
$ confman complete -- get ""
prod/
top
$ confman complete -- get p
prod/
$ confman complete -- get prod/
prod/*/
prod/api/
prod/db/
prod/apple
$ confman complete -- get prod/ap
prod/api/
prod/apple
$ confman complete -- get prod/*
prod/*/
$ confman complete -- get prod/api/
prod/api/timeout
$ confman complete -- get nosuch/
$ confman complete -- get top/
$ confman complete -- get top top
$ confman complete -- set top ""
$ confman complete -- del top prod/ap
prod/api/
prod/apple
$ confman complete -- get -o json --revision 3 t
top
$ confman complete -- get -- t
top
$ confman complete -- history prod/app
prod/apple

# Namespaces alone, where no config can stand.
$ confman complete -- ls prod/ap
prod/api/
$ confman complete -- ns get t
$ confman complete -- rule set prod/ap
prod/api/

# The versions that are kept.
$ confman complete -- diff prod/api/timeout ""
2	TIME default too slow
1	TIME default
$ confman complete -- rollback prod/api/timeout 1
1	TIME default

# Commands, and those below commands.
$ confman complete -- sta
status	show all nodes of the cluster as they see themselves
$ confman complete -- cert re
request	print a request that another authority can make the node's certificate of
$ confman complete -- config ""
check	check the settings without starting anything
show	print all settings
$ confman complete -- compl
$ confman complete -- nosuch ""
$ confman complete -- top ""

# Commands and arguments, where both may stand.
$ confman complete -- audit ""
verify	prove that no record of the audit is missing or altered: of a node, or of an export
export	print the audit as lines of JSON that confman audit verify --export proves
prod/

# Flags, but not again, and not behind --.
$ confman complete -- status --
--addr	where a node's clients reach it: HOST:PORT, or a port of this machine ($CONFMAN_RESP_ADDR)
--output	how to print: table, json or yaml
--watch	show it again every second until Ctrl-C
--help	show help
$ confman complete -- status --watch -o json --
--addr	where a node's clients reach it: HOST:PORT, or a port of this machine ($CONFMAN_RESP_ADDR)
--help	show help
$ confman complete -- --v
--version	print the version
$ confman complete -- get -- --

# What may stand behind flags.
$ confman complete -- status --output ""
table
json
yaml
$ confman complete -- status -o=y
-o=yaml
$ confman complete -- status --output=t
--output=table
$ confman complete -- serve --profile m
metered
$ confman complete -- member profile e
edge
$ confman complete -- docs completion z
zsh
$ confman complete -- serve --join ""
$ confman complete -- serve --nosuch=

# Files are for the shell.
$ confman complete -- serve --config /etc/
confman: here stands the name of a file: have the shell complete it
[exit 1]
$ confman complete -- backup ""
verify	check that a backup is whole, and tell what is in it
confman: here stands the name of a file: have the shell complete it
[exit 1]
$ confman complete -- backup ve
verify	check that a backup is whole, and tell what is in it

# Bash wants only what it replaces, and quotes.
$ confman complete --breaks "=:" -- status --output=j
json
$ confman complete --breaks "=:" -- get "\"prod/ap"
prod/api/
prod/apple
