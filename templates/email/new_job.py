import syft_client as sc

client = sc.login_do(
    email={{ owner.python }},
{% if token_path %}    token_path={{ token_path }},
{% else %}    # outside Colab: token_path="path/to/token.json",
{% endif %})
name = {{ job.python }}
submitter = {{ scientist.python_key }}
job = next(
    j
    for j in client.jobs
    if j.name == name
    and j.submitted_by.lower() == submitter
)
print(job.files)
print(job.run_script)
print(job.code)
# %%
job.approve()
client.process_approved_jobs()
# %%
job.reject("why not; the submitter can read it")
# %%
client.sync(ignore_peer_version=True)
