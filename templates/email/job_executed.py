import syft_client as sc

# outside Colab, also give token_path="path/to/your/token.json"
client = sc.login_ds(email={{ scientist.python }})
job = next(
    job
    for job in client.jobs
    if job.name == {{ job.python }}
    and job.datasite_owner_email.lower() == {{ owner.python_key }}
)
print(job.output_paths)
