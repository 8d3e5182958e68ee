"""The `genhub.toml` that the docs' examples find: three accounts, a route, a journal."""

from __future__ import annotations

#: What the docs' genhub.toml names, and a simulator does not say.
LAYOUT = """\
[accounts.powerpost]
provider = "powerpost"
base_url = "{powerpost}"
api_key = "$POWERPOST_API_KEY"
workspace_id = "ws-1"
price = "0.05 USD"
poll_every = 0.05

[accounts.genpro]
provider = "genpro"
base_url = "{genpro}"
api_key = "$GENPRO_API_KEY"
agent_id = 42
sheet_id = 101
cell_id = 3000
organization_id = 5
price = "0.02 USD"
poll_every = 0.05

[accounts.adgen]
provider = "adgen"
base_url = "{adgen}"
token = "$ADGEN_TOKEN"
project_id = "11111111-aaaa-4bbb-8ccc-0000000000a1"
product_id = "11111111-aaaa-4bbb-8ccc-0000000000b1"
price = "0.40 USD"
poll_every = 0.05

[routes.captions]
accounts = ["powerpost", "adgen", "genpro"]
portability = "adjust"

[journal]
url = "sqlite:///genhub.db"
"""
#: The accounts of the file.
NAMES = ("powerpost", "genpro", "adgen")
#: The variables that the docs name.
VARIABLES = {"POWERPOST_API_KEY": "pp_live_sk_sim", "GENPRO_API_KEY": "gen_pat_sim", "ADGEN_TOKEN": "sim.jwt.token"}
