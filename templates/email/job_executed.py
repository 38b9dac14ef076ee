import syft_client as sc

client = sc.login_ds(
    email={{ scientist.python }},
    # outside Colab: token_path="path/to/token.json",
)
name = {{ job.python }}
owner = {{ owner.python_key }}
job = next(
    j
    for j in client.jobs
    if j.name == name
    and j.datasite_owner_email.lower() == owner
)
print(job.output_paths)
