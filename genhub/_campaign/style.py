"""The look of a campaign's page, and its few lines of script."""

STYLE = """
:root { color-scheme: light dark; --page: #f5f5f2; --card: #fff; --ink: #1d1d1b; --soft: #62625c; --line: #deded8;
  --good: #17663a; --good-back: #dff3e6; --bad: #a3231a; --bad-back: #fbe4e1; --calm: #47474a; --calm-back: #ececea;
  --link: #0b57a4; --focus: #0b57a4; }
@media (prefers-color-scheme: dark) { :root { --page: #141416; --card: #1f1f22; --ink: #ececea; --soft: #a5a5a0;
  --line: #35353a; --good: #8fdcae; --good-back: #163524; --bad: #ff9d92; --bad-back: #43191a; --calm: #d0d0ce;
  --calm-back: #313136; --link: #8cc2ff; --focus: #8cc2ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 88rem; padding: 1.5rem; background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: var(--link); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
h1 { margin: 0; font-size: 1.9rem; line-height: 1.2; overflow-wrap: anywhere; }
h2 { margin: 0; font-size: 1.05rem; line-height: 1.3; overflow-wrap: anywhere; }
h3 { margin: 0 0 .2rem; font-size: .8rem; color: var(--soft); }
p { margin: 0; }
.when { margin: .2rem 0 .8rem; color: var(--soft); }
.sum, .badges { display: flex; flex-wrap: wrap; gap: .35rem; }
.badge { padding: .05rem .55rem; border-radius: 1rem; background: var(--calm-back); color: var(--calm);
  font-size: .8rem; }
.badge.good { background: var(--good-back); color: var(--good); }
.badge.bad { background: var(--bad-back); color: var(--bad); }
.accounts { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.account { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .7rem; }
.account p { color: var(--soft); font-size: .9rem; }
.account small { white-space: nowrap; }
.account strong { color: var(--ink); font-size: 1.5rem; font-variant-numeric: tabular-nums; }
.filters { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center;
  margin: 0 -1.5rem 1rem; padding: .6rem 1.5rem; background: var(--page); border-bottom: 1px solid var(--line); }
.filters label { display: flex; gap: .4rem; align-items: center; color: var(--soft); font-size: .9rem; }
.filters output { margin-left: auto; color: var(--soft); font-size: .9rem; }
select { min-height: 2.25rem; padding: .2rem .5rem; border: 1px solid var(--line); border-radius: .4rem;
  background: var(--card); color: var(--ink); font: inherit; }
main { columns: 21rem; column-gap: 1rem; }
article { display: flex; flex-direction: column; gap: .6rem; margin: 0 0 1rem; padding: 1rem; break-inside: avoid;
  background: var(--card); border: 1px solid var(--line); border-radius: .8rem; }
article[hidden] { display: none; }
.media { display: grid; gap: .4rem; margin: -1rem -1rem 0; }
.media.n2 { grid-template-columns: 1fr 1fr; }
figure { margin: 0; }
.media img, .media video { display: block; width: 100%; max-height: 26rem; object-fit: contain;
  background: var(--calm-back); }
.media > figure:first-child img, .media > figure:first-child video { border-top-left-radius: .75rem; }
.media.n1 img, .media.n1 video { border-radius: .75rem .75rem 0 0; }
.media audio { display: block; width: calc(100% - 2rem); margin: 1rem 1rem 0; }
.text { padding-left: .75rem; border-left: 3px solid var(--line); }
.text + .text { margin-top: .2rem; }
.words { white-space: pre-line; overflow-wrap: anywhere; }
.words + .words { margin-top: .4rem; }
details .text { margin-top: .6rem; }
summary { color: var(--soft); font-size: .9rem; cursor: pointer; }
.said, details > .words { color: var(--soft); font-size: .9rem; }
details > .words { margin-top: .3rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .15rem .75rem; margin: 0; font-size: .85rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.error { padding: .5rem .75rem; border-radius: .5rem; background: var(--calm-back); color: var(--calm);
  font-size: .9rem; overflow-wrap: anywhere; }
.error.bad { background: var(--bad-back); color: var(--bad); }
footer { padding: 1rem 0 2rem; color: var(--soft); font-size: .9rem; }
@media (max-width: 40rem) { body { padding: 1rem; } .filters { position: static; margin: 0 0 1rem; padding: .6rem 0;
  display: grid; grid-template-columns: 1fr 1fr; } .filters label { flex-direction: column; align-items: stretch;
  gap: .1rem; } .filters output { align-self: end; } .accounts { grid-template-columns: 1fr; } }
@media print { .filters { display: none; } article { border-color: #999; } }
"""

SCRIPT = """
const form = document.querySelector(".filters"), cards = [...document.querySelectorAll("article")];
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("input", () => {
  const wanted = [...new FormData(form)].filter(([, value]) => value);
  cards.forEach((card) => { card.hidden = wanted.some(([name, value]) => card.dataset[name] !== value); });
  document.getElementById("shown").textContent = `${cards.filter((card) => !card.hidden).length} of ${cards.length}`;
});
"""
