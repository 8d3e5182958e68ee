"""Campaigns: many requests in one file, sent, watched to the end, and written down."""

from genhub._campaign.campaign import Campaign, check_keys, load, plan_of, read
from genhub._campaign.problems import Problem, Problems
from genhub._campaign.progress import Progress, Verdict
from genhub._campaign.results import Results
from genhub._campaign.row import Row
from genhub._campaign.runner import Runner

__all__ = [
    "Campaign",
    "Problem",
    "Problems",
    "Progress",
    "Results",
    "Row",
    "Runner",
    "Verdict",
    "check_keys",
    "load",
    "plan_of",
    "read",
]
