import syft_client as sc

client = sc.login_ds(
    email={{ scientist.python }},
    # outside Colab: token_path="path/to/token.json",
)
print(client.peers)
