import syft_client as sc

client = sc.login_ds(
    email={{ scientist.python }},
    # outside Colab: token_path="path/to/token.json",
)
client.sync()
owner = {{ owner.python }}
print(client.datasets.get_all(datasite=owner))
# %%
client.submit_python_job(
    owner,
    "path/to/your/code",
    job_name="My first job",
)
