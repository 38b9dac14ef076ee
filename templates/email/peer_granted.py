import syft_client as sc

# outside Colab, also give token_path="path/to/your/token.json"
client = sc.login_ds(email={{ scientist.python }})
client.sync()
print(client.datasets.get_all(datasite={{ owner.python }}))
# %%
client.submit_python_job(
    {{ owner.python }}, "path/to/your/code", job_name="My first job"
)
