import syft_client as sc

client = sc.login_do(
    email={{ owner.python }},
{% if token_path %}    token_path={{ token_path }},
{% else %}    # outside Colab: token_path="path/to/token.json",
{% endif %})
client.sync()
print(client.jobs)
