"""The queue: progress, log, cancel, resume, result, and failures in words."""

import streamlit as st

from dashboard import forms, frame, job_panel, messages
from engine.jobs import queue

PURPOSE = "What is being worked on, how far is it, and what came of it?"
LOG_LINES = 200


def main() -> None:
    frame.heading("Jobs", PURPOSE)
    if not queue.list_jobs():
        messages.empty(
            "**No jobs yet.** Imports and trainings appear here, whether started on a page or on the command line.",
            page="home.py",
            label="Start with some data",
        )
        return
    job_panel.live(_queue)


def _queue() -> None:
    jobs = queue.list_jobs()
    active = sum(job.active for job in jobs)
    st.markdown(f"**{active} waiting or running**, {len(jobs) - active} ended." if active else "Nothing is running.")
    progress = st.column_config.ProgressColumn(format="%d %%", min_value=0, max_value=100)
    frame.table(job_panel.overview(jobs), key="jobs_table", height=min(280, 33 + 31 * len(jobs)), Progress=progress)
    by_id = {job.id: job for job in sorted(jobs, key=lambda job: job.state != "running")}
    job_id = forms.choose("Details of", list(by_id), "job", show=lambda job_id: f"{by_id[job_id].title} · {job_id}")
    with st.grid(2, min_column_width=340, gap="medium"):
        with st.container():
            job_panel.one(by_id[job_id], "jobs")
            found = queue.read_result(job_id)
            if found:
                st.subheader("Result", anchor=False)
                job_panel.result(found)
        with st.container():
            st.subheader("Log, newest line first", anchor=False)
            lines = queue.read_log(job_id, LOG_LINES).splitlines()[::-1]
            st.code("\n".join(lines) or "Nothing written yet.", language=None, wrap_lines=True, height=300)


main()
