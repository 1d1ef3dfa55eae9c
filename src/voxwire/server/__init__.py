"""The HTTP server: what runs, listens and answers, and is no conversation.

- `deployment_book`: making and changing stored deployments; `stored_deployments`: those of the store, in a server
  that runs; `option_check`: what engines think of their options; `environment_keys`: which of them may use the keys of
  the environment
- `model_catalogue`: what deployments can be made of
- `build`: from settings to engines, deployments and the service; `profiles`: which engines a word stands for;
  `settings_digest`: what tells different settings apart; `ollama`: what a running Ollama can do
- `app`: the routes; `middleware`: what holds for every request; `model_list`, `playground`, `identity`: the
  routes' answers
- `rest`: what routes with a body or a role share, declared and served; `admin`: those of the service around the models
- `health`, `metrics_route`: what balancers and monitors ask; `health_state`: how processes are, and all together
- `workers`: several processes that are one server; `common`: what they have in common; `announcement`: what is told
  when clients may come
- `net`: sockets, connections, and running the application on them
- `memory`: how much there is for messages; `allocator`: large blocks go back to the system
- `access`: who may use it, `shared_quotas`: and how much; `client_secrets`: ephemeral keys; `cors`: what pages of
  other origins may
- `beside`: what goes on beside conversations; `stored_usage`: records of what was used, for the database;
  `stored_prompts`: prompts of the database; `monitored`: checks of what is said
- `logs`, `access_log`: what is written down
"""
