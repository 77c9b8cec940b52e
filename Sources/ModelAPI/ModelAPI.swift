// ModelAPI
