"use strict";
// Plays an episode's picture with the original's sound, or with a dub's beside it; plays single lines; shows the
// subtitles. Browsers choose no audio track of an MP4, and read no WebVTT beside a page from disk, so the dub is
// its own file, kept in step, and the cues are read from the page.
(() => {
  const one = (selector) => document.querySelector(selector);
  const all = (selector) => [...document.querySelectorAll(selector)];
  const IN_STEP_S = 0.08; // what an ear takes for one: beyond, the dub is put where the picture is
  const video = one("video");
  const dubs = new Map(all("audio").map((audio) => [audio.dataset.language, audio]));
  const cues = new Map(all("ol.cues").map((list) => [list.dataset.language, {
    list,
    items: [...list.children].map((item) => ({
      start: item.dataset.start / 1000, end: item.dataset.end / 1000, text: item.textContent,
    })),
  }]));
  const rows = all("tr[data-start]").map((row) => ({
    row, start: row.dataset.start / 1000, end: row.dataset.end / 1000,
  }));
  const source = [...cues.keys()].find((language) => !one(`input[name=heard][value="${language}"]`));
  const subtitle = one("#subtitle");
  const now = one("#now");
  let heard = null; // the dub that is heard; null: the original
  let language = "";
  let stopAt = null; // where a single line ends, in seconds
  let request = 0; // counts what was asked for, so that a later click overtakes an earlier one

  const tell = (text) => { one("#trouble").textContent = text; one("#trouble").hidden = !text; };
  const minutes = (s) => `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;

  function choose(tag) {
    language = tag;
    const dub = dubs.get(tag) ?? null;
    if (heard !== dub) {
      heard?.pause();
      heard = dub;
      if (heard) {
        heard.preload = "auto";
        heard.currentTime = video.currentTime;
        if (!video.paused) start(heard);
      }
    }
    video.muted = heard !== null;
    one(`input[name=heard][value="${CSS.escape(tag)}"]`).checked = true;
    for (const cell of all("th[data-language], td[data-language]")) {
      cell.classList.toggle("heard", cell.dataset.language === tag);
    }
    document.body.dataset.heard = tag;
    narrow();
    show();
  }

  function start(medium) {
    return medium.play().then(() => tell(""), (error) => {
      // A pause that comes before the start is no trouble.
      if (error.name !== "AbortError") tell(`Can’t play ${medium.getAttribute("src")}: ${error.message}`);
    });
  }

  // Resolves when the medium can go on from there at once.
  function seekTo(medium, time) {
    return new Promise((resolve, reject) => {
      const failed = () => reject(new Error(`Can’t play ${medium.getAttribute("src")}: is it there?`));
      const seek = () => {
        medium.addEventListener("seeked", resolve, { once: true });
        medium.currentTime = time;
      };
      if (medium.error) failed();
      else if (medium.readyState >= 1) seek();
      else {
        medium.addEventListener("loadedmetadata", seek, { once: true });
        medium.addEventListener("error", failed, { once: true });
        medium.preload = "auto";
        medium.load();
      }
    });
  }

  async function playLine(tag, from, to) {
    const mine = ++request;
    video.pause();
    choose(tag);
    stopAt = null;
    try {
      await Promise.all([video, ...(heard ? [heard] : [])].map((medium) => seekTo(medium, from)));
    } catch (error) {
      tell(error.message);
      return;
    }
    if (mine !== request) return;
    stopAt = to;
    await start(video);
  }

  function show() {
    const time = video.currentTime;
    one("#seek").value = time * 1000;
    one("#clock").textContent = `${minutes(time)} / ${minutes(video.duration || 0)}`;
    const track = cues.get(language || source);
    const cue = one("#subtitled").checked
      ? track?.items.find((item) => item.start <= time && time < item.end) : undefined;
    subtitle.hidden = !cue;
    if (cue && subtitle.textContent !== cue.text) {
      subtitle.textContent = cue.text;
      subtitle.lang = track.list.lang;
      subtitle.dir = track.list.dir;
    }
    for (const { row, start, end } of rows) row.classList.toggle("now", start <= time && time < end);
    if (now && video.duration) {
      const place = `${(100 * time * 1000) / Math.max(1, one("#seek").max)}%`;
      now.setAttribute("x1", place);
      now.setAttribute("x2", place);
      now.setAttribute("visibility", "visible");
    }
  }

  function tick() {
    if (video.paused) return;
    if (stopAt !== null && video.currentTime >= stopAt) {
      stopAt = null;
      video.pause();
    } else if (heard && !heard.seeking && Math.abs(heard.currentTime - video.currentTime) > IN_STEP_S) {
      heard.currentTime = video.currentTime;
    }
    show();
    requestAnimationFrame(tick);
  }

  video.addEventListener("play", () => { one("#play").textContent = "Pause"; if (heard) start(heard); tick(); });
  video.addEventListener("pause", () => { one("#play").textContent = "Play"; heard?.pause(); show(); });
  video.addEventListener("waiting", () => heard?.pause());
  video.addEventListener("playing", () => { if (heard) { heard.currentTime = video.currentTime; start(heard); } });
  video.addEventListener("seeked", () => { if (heard && video.paused) heard.currentTime = video.currentTime; show(); });
  video.addEventListener("loadedmetadata", show);
  video.addEventListener("error", () => tell(`Can’t play ${video.getAttribute("src")}: is it there?`));
  // Where a browser is too busy to draw, a line still ends in time.
  video.addEventListener("timeupdate", () => { if (stopAt !== null && video.currentTime >= stopAt) { stopAt = null; video.pause(); } });

  one("#play").addEventListener("click", () => {
    ++request;
    stopAt = null;
    if (video.paused) start(video); else video.pause();
  });
  one("#seek").addEventListener("input", (event) => { ++request; stopAt = null; video.currentTime = event.target.value / 1000; });
  one("#volume").addEventListener("input", (event) => {
    for (const medium of [video, ...dubs.values()]) medium.volume = event.target.value;
  });
  one("#subtitled").addEventListener("change", show);
  one("#large").addEventListener("click", () => one(".screen").requestFullscreen().catch((error) => tell(error.message)));
  for (const input of all("input[name=heard]")) input.addEventListener("change", () => { stopAt = null; choose(input.value); });
  for (const button of all(".play, .play-bar")) {
    button.addEventListener("click", () => {
      const { language: tag, start: from, end: to } = button.dataset;
      playLine(tag, from / 1000, to / 1000);
    });
  }

  // Which rows and columns are seen.
  function narrow() {
    const lines = one(".lines");
    if (!lines) return;
    lines.classList.toggle("only-needed", one("input[name=shown]:checked").value === "needed");
    lines.classList.toggle("only-heard", Boolean(one("#alone")?.checked) && language !== "");
  }
  for (const input of all("input[name=shown], #alone")) input.addEventListener("change", narrow);
  // A link to a line may lead to one that is not among those shown.
  function reveal() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const row = target?.closest("tr");
    for (const other of all("tr.asked")) other.classList.toggle("asked", other === row);
    if (row) { row.classList.add("asked"); target.scrollIntoView({ block: "center" }); }
  }
  addEventListener("hashchange", reveal);

  // The picture stays in sight when its place has been scrolled away.
  const player = one(".player");
  let inSight = true;
  function place() {
    const away = !inSight && (!video.paused || video.currentTime > 0);
    if (away && !one(".screen.away")) player.style.minHeight = `${player.offsetHeight}px`;
    one(".screen").classList.toggle("away", away);
    if (!away) player.style.minHeight = "";
  }
  new IntersectionObserver(([seen]) => { inSight = seen.isIntersecting; place(); }).observe(player);
  video.addEventListener("play", place);

  video.removeAttribute("controls");
  for (const audio of dubs.values()) audio.removeAttribute("controls");
  one(".sounds").hidden = true;
  one("#controls").hidden = false;
  one("#choice").hidden = false;
  choose([...dubs.keys()][0] ?? "");
  reveal();
})();
