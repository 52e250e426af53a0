namespace pgweir {}
