"""The same verbs without `await`, for scripts and notebooks; the accounts are those of genhub.toml.

python examples/script.py "What is to be announced"
"""

from __future__ import annotations

import sys

from genhub import GenhubError, TextRequest, sync


def main(prompt: str) -> int:
    try:
        with sync.Hub.from_config() as hub:
            plan = hub.plan(TextRequest(prompt=prompt, platforms="x"))
            if plan.best is None:
                print("\n".join(f"{option.account}: {option.impossible}" for option in plan.options))
                return 2
            request = TextRequest(prompt=prompt, platforms="x")
            job = hub.generate(request, to=plan.best.account, portability="adjust", timeout=120)
            print(job.outputs[0].text)
            print(f"{job.credits.net} {job.credits.unit}")
    except GenhubError as error:
        print(f"{type(error).__name__}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(" ".join(sys.argv[1:]) or "Dark mode is here"))
