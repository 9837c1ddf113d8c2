# Whatever is mistyped, confman says what there is.
$ confman gte a
confman: there is no command "gte": did you mean get?
[exit 2]
$ confman frobnicate
confman: there is no command "frobnicate": there are serve, join, get, set, del, ls, tree, history, diff, rollback, usage, watch, ns, rule, check, status, doctor, token, member, restart, cert, backup, restore, recover, node, inspect, audit, config, version, docs
[exit 2]
$ confman config chek
confman: there is no command "config chek": did you mean config check?
[exit 2]
$ confman member
confman: usage: confman member list|add|remove|promote|demote|lead|replace|profile
[exit 2]
$ confman member ad
confman: there is no command "member ad": did you mean member add?
[exit 2]
$ confman help
confman: there is no command "help": there are serve, join, get, set, del, ls, tree, history, diff, rollback, usage, watch, ns, rule, check, status, doctor, token, member, restart, cert, backup, restore, recover, node, inspect, audit, config, version, docs
[exit 2]
$ confman --bogus
confman: there is no flag "--bogus": there are --help, --version
[exit 2]
$ confman config --help
NAME:
   confman config - check and show the settings

USAGE:
   confman config [command options]

COMMANDS:
   check  check the settings without starting anything
   show   print all settings

OPTIONS:
   --help, -h  show help
$ confman version 2
confman: usage: confman version
[exit 2]
$ confman --version
confman dev
$ confman config
confman: usage: confman config check|show
[exit 2]
$ confman get a --adr 7000
confman: there is no flag "--adr": did you mean --addr?
[exit 2]
$ confman serve --datadir /tmp
confman: there is no flag "--datadir": did you mean --data-dir?
[exit 2]
$ confman serve --bogus
confman: there is no flag "--bogus": there are --config, --data-dir, --resp-addr, --http-addr, --raft-addr, --advertise, --join, --profile, --help
[exit 2]
$ confman serve now
confman: usage: confman serve
[exit 2]
$ confman get a b
confman: usage: confman get NAME
[exit 2]
$ confman set a
confman: usage: confman set NAME VALUE|-
[exit 2]
$ confman get a --addr
confman: flag needs an argument: -addr
[exit 2]
$ confman set a 1 --expires soon
confman: invalid value "soon" for flag -expires: parse error
[exit 2]
$ confman get a --output xml
confman: --output "xml": there are table, json and yaml
[exit 2]
$ confman get --output json
{
  "code": 2,
  "error": "usage: confman get NAME"
}
[exit 2]
$ confman get a b --output yaml
code: 2
error: "usage: confman get NAME"
[exit 2]
$ confman docs nosuch
confman: there is no page "nosuch": there are commands, settings, config, completion, man
[exit 2]
$ confman docs
confman: usage: confman docs commands|settings|config|completion|man
[exit 2]
$ confman docs completion tcsh
confman: there is no completion for "tcsh": there are bash, zsh, fish
[exit 2]
$ confman docs man
confman: usage: confman docs man DIR
[exit 2]
$ confman docs man DIR/none
confman: write the manual: open DIR/none/confman.1: no such file or directory
[exit 1]

# Settings.
$ confman config check
ok
$ confman config check --resp-addr 0.0.0.0:7000
ok
$ confman config check --profile fast --output json
{
  "code": 78,
  "error": "flag --profile: \"fast\" is not one of lan, edge, wan, metered"
}
[exit 78]
