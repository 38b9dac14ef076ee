#!/usr/bin/env python3
"""One step of a day with the unmodified syft-client, for a data owner and a data scientist.

Run it with the environment that `syft-emulator env` prints. Each step logs in afresh, as a user
would on another morning, and prints one line of JSON about what it saw.
"""

import argparse
import json
import os
import sys
from pathlib import Path

BASH_SCRIPT = "#!/bin/bash\nmkdir -p outputs\necho counted > outputs/result.txt\n"
PYTHON_SCRIPT = (
    "from pathlib import Path\n"
    "Path('outputs').mkdir(exist_ok=True)\n"
    "Path('outputs/result.json').write_text('{\"mean\": 4.2}')\n"
)
# Up to 0.1.103 a job that waits for its review is called by where it lies.
WAITING = ("pending", "inbox")
FAILING_SCRIPT = "#!/bin/bash\necho no such column >&2\nexit 3\n"


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("step", choices=sorted(STEPS))
    parser.add_argument("--do-email", required=True)
    parser.add_argument("--do-token", required=True, type=Path)
    parser.add_argument("--ds-email", required=True)
    parser.add_argument("--ds-token", required=True, type=Path)
    parser.add_argument("--home", required=True, type=Path, help="a HOME of its own for this step")
    parser.add_argument("--job", default="", help="name of the job that a step is about")
    return parser.parse_args()


def owner(arguments, **options):
    import syft_client as sc

    return sc.login_do(
        email=arguments.do_email, token_path=arguments.do_token.resolve(), **options
    )


def scientist(arguments, **options):
    import syft_client as sc

    return sc.login_ds(
        email=arguments.ds_email, token_path=arguments.ds_token.resolve(), **options
    )


def login_do(arguments):
    return {"email": owner(arguments).email}


def login_ds(arguments):
    return {"email": scientist(arguments).email}


def add_peer(arguments):
    client = scientist(arguments)
    client.add_peer(arguments.do_email)
    return {"peers": [peer.email for peer in client.peers]}


def approve_peer(arguments):
    client = owner(arguments)
    client.load_peers()
    client.approve_peer_request(arguments.ds_email)
    return {"peers": [peer.email for peer in client.peers]}


def submit_bash(arguments):
    name = arguments.job or "count rows"
    scientist(arguments).submit_bash_job(arguments.do_email, script=BASH_SCRIPT, job_name=name)
    return {"submitted": name}


def submit_failing(arguments):
    name = arguments.job or "fails"
    scientist(arguments).submit_bash_job(arguments.do_email, script=FAILING_SCRIPT, job_name=name)
    return {"submitted": name}


def submit_python(arguments):
    name = arguments.job or "mean age"
    code = arguments.home / "mean_age.py"
    code.write_text(PYTHON_SCRIPT, encoding="utf-8")
    client = scientist(arguments)
    client.submit_python_job(arguments.do_email, code_path=str(code), job_name=name)
    return {"submitted": name}


def sync_do(arguments):
    client = owner(arguments)
    client.sync()
    return {"jobs": described(client.jobs)}


def sync_ds(arguments):
    client = scientist(arguments)
    client.sync()
    return {"jobs": described(client.jobs)}


def approve(arguments):
    client = owner(arguments)
    chosen = [job for job in client.jobs if is_chosen(job, arguments) and job.status in WAITING]
    for job in chosen:
        job.approve()
    client.sync()
    return {"approved": [job.name for job in chosen]}


def reject(arguments):
    client = owner(arguments)
    chosen = [job for job in client.jobs if is_chosen(job, arguments) and job.status in WAITING]
    for job in chosen:
        job.reject("The data does not allow it")
    client.sync()
    return {"rejected": [job.name for job in chosen]}


def process(arguments):
    return run_approved(owner(arguments), share_outputs_with_submitter=True)


def approve_and_process(arguments):
    client = owner(arguments)
    for job in client.jobs:
        if is_chosen(job, arguments) and job.status in WAITING:
            job.approve()
    return run_approved(client)


def run_approved(client, **options):
    beside = Path(__file__).resolve().parent / "bin"
    os.environ["PATH"] = os.pathsep.join([str(beside), os.environ["PATH"]])
    client.process_approved_jobs(stream_output=False, **options)
    return {"jobs": described(client.jobs)}


def is_chosen(job, arguments):
    return not arguments.job or job.name == arguments.job


def described(jobs):
    seen = [{"name": job.name, "status": job.status} for job in jobs]
    return sorted(seen, key=lambda job: job["name"])


STEPS = {
    "login-do": login_do,
    "login-ds": login_ds,
    "add-peer": add_peer,
    "approve-peer": approve_peer,
    "submit-bash": submit_bash,
    "submit-failing": submit_failing,
    "submit-python": submit_python,
    "sync-do": sync_do,
    "sync-ds": sync_ds,
    "approve": approve,
    "approve-and-process": approve_and_process,
    "reject": reject,
    "process": process,
}


def main():
    arguments = parse_arguments()
    arguments.home.mkdir(parents=True, exist_ok=True)
    # The client keeps its SyftBox below HOME, and owner and scientist live on different machines.
    os.environ["HOME"] = str(arguments.home.resolve())
    os.chdir(arguments.home)
    # The client prints its progress; standard output is for the result alone.
    result, sys.stdout = sys.stdout, sys.stderr
    seen = STEPS[arguments.step](arguments)
    print(json.dumps({"step": arguments.step, **seen}), file=result)


if __name__ == "__main__":
    main()
