"""The commands `charcells train`, `sample`, `runs` and `baselines`. Only this package and hydra_plugins use Hydra."""
