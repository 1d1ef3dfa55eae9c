"""What is stored: deployments, keys, roles, usage, conversations, prompts.

- `store_address`: where the database is
- `database`: `Database`, which opens it, makes it and migrates it; `opening`, `connections`, `migrations`: how
- `plain_words`: what can be wrong with a database, as a person is told
- `schema`: its tables; `revision`: a number that grows with each change; `watch`: how a running server notices it
- `projects`: whose everything is; `api_keys`, `role_assignments`: who may use it;
  `signing_keys`, `revocations`: what ephemeral keys are signed with, and which of them count no longer
- `vault`: keys that encrypt what is stored; `master_key`: the one that encrypts these; `backup`: a copy
- `deployments`, `model_aliases`, `known_deployments`: what answers under which name; `quotas`: how
  much; `decisions`: who changed what
- `reviews`: what checks of the content have found
- `prompts`: texts that clients name, in versions
- `usage`: what was used, and sums of it; `usage_report`: as people read them; `usage_row`, `usage_writer`: how records
  get there
- `sessions`: conversations, as `voxwire.recording` hands them in; `last_writes`: how tasks that write come to their
  end; `backlog`: what waits for them

To import `store_address`, `backlog`, `database`, `usage_row`, `usage_writer` and `watch` is quick. All others bring
SQLAlchemy along, which takes a moment: a server without state never imports them.
"""
