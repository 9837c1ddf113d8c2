# A rule says which values the configs may have that its pattern stands for.
$ confman set prod/api/port 80
$ confman set prod/web/port eighty
$ confman rule set prod **/port numeric min=1 max=65535 --dry-run
NAME           EXPECTED                  VALUE   RULE                     NAMESPACE
prod/web/port  a number from 1 to 65535  eighty  numeric,min=1,max=65535  prod
confman: 1 config breaks a rule
[exit 1]
$ confman rule set prod **/port numeric min=1 max=65535 --dry-run --output json
[
  {
    "name": "prod/web/port",
    "rule": "numeric,min=1,max=65535",
    "value": "eighty",
    "expected": "a number from 1 to 65535",
    "namespace": "prod"
  }
]
{
  "code": 1,
  "error": "1 config breaks a rule"
}
[exit 1]
$ confman rule set prod **/port numeric min=1 max=65535
$ confman set prod/api/port 99999
confman: INVALID prod/api/port: 99999 is not a number from 1 to 65535 (rule "numeric,min=1,max=65535" of namespace prod)
[exit 4]
$ confman set prod/api/port 443
$ confman set prod/api/port x --output yaml
code: 4
error: "INVALID prod/api/port: x is not a number from 1 to 65535 (rule \"numeric,min=1,max=65535\" of namespace prod)"
[exit 4]
$ confman rule ls prod/api
PATTERN  RULE                     NAMESPACE
**/port  numeric,min=1,max=65535  prod
$ confman rule ls prod --output json
[
  {
    "pattern": "**/port",
    "rule": "numeric,min=1,max=65535",
    "namespace": "prod"
  }
]
$ confman rule ls nosuch
$ confman check
NAME           EXPECTED                  VALUE   RULE                     NAMESPACE
prod/web/port  a number from 1 to 65535  eighty  numeric,min=1,max=65535  prod
confman: 1 config breaks a rule
[exit 1]
$ confman check prod/api
$ confman check prod --output yaml
- name: prod/web/port
  rule: numeric,min=1,max=65535
  value: eighty
  expected: a number from 1 to 65535
  namespace: prod
code: 1
error: 1 config breaks a rule
[exit 1]
$ confman set prod/web/port 8080
$ confman check
$ confman rule del prod **/port
$ confman rule del prod **/port
confman: namespace "prod" has no rule for "**/port"
[exit 3]
$ confman set prod/api/port any
