"""Rules with one meaning on three clouds: read by Pulumi's engine (--policy-pack) and on recorded graphs without it.

| file | what |
|--|--|
| rule.py, estate.py | what a rule is, and what it looks at |
| database.py, replication.py, stores.py, control.py, keys.py, network.py, edge.py, audit.py, identity.py | the rules |
| names.py, values.py, ranges.py | what the providers refuse only during `up`: names, tags, numbers, passwords, subnets |
| exceptions.toml, exceptions.py | who may break which rule, why, and until when |
| check.py | all rules on one site, exceptions taken out |
| __main__.py | the command that reads recorded graphs |
| engine.py, pack/ | the same rules as Pulumi's engine starts them: `--policy-pack infra/policy/pack` |
"""
