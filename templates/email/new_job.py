import syft_client as sc

{% if not token_path -%}
# outside Colab, also give token_path="path/to/your/token.json"
{% endif -%}
client = sc.login_do(email={{ owner.python }}{% if token_path %}, token_path={{ token_path }}{% endif %})
job = next(
    job
    for job in client.jobs
    if job.name == {{ job.python }}
    and job.submitted_by.lower() == {{ scientist.python_key }}
)
print(job.files)
print(job.run_script)
print(job.code)
# %%
job.approve()
client.process_approved_jobs()
# %%
job.reject("the reason, which the submitter can read")
