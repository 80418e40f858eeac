"""The commands of charcells, a file each. Only this package and hydra_plugins use Hydra."""
