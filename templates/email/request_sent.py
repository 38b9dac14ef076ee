import syft_client as sc

# outside Colab, also give token_path="path/to/your/token.json"
client = sc.login_ds(email={{ scientist.python }})
print(client.peers)
