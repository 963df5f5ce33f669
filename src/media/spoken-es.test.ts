import { asHeard, heard, spokenTable } from '../../test/support/spoken-words';

const TABLE = spokenTable(`
0 | cero
1 | uno
2 | dos
7 | siete
10 | diez
11 | once
15 | quince
16 | dieciséis
17 | diecisiete
20 | veinte
21 | veintiuno
22 | veintidós
29 | veintinueve
30 | treinta
31 | treinta y uno
70 | setenta
71 | setenta y uno
80 | ochenta
81 | ochenta y uno
90 | noventa
91 | noventa y uno
99 | noventa y nueve
100 | cien
101 | ciento uno
110 | ciento diez
121 | ciento veintiuno
200 | doscientos
201 | doscientos uno
500 | quinientos
700 | setecientos
900 | novecientos
999 | novecientos noventa y nueve
1000 | mil
1001 | mil uno
1100 | mil cien
1234 | mil doscientos treinta y cuatro
2000 | dos mil
21000 | veintiún mil
31000 | treinta y un mil
100000 | cien mil
101000 | ciento un mil
200000 | doscientos mil
1000000 | un millón
1000001 | un millón uno
2000000 | dos millones
21000000 | veintiún millones
100000000 | cien millones
999999999 | novecientos noventa y nueve millones novecientos noventa y nueve mil novecientos noventa y nueve
-7 | menos siete
0 EUR | cero euros
0.01 EUR | un céntimo
0.10 EUR | diez céntimos
1.00 EUR | un euro
1.01 EUR | un euro con un céntimo
2.00 EUR | dos euros
2.50 EUR | dos euros con cincuenta céntimos
11.11 EUR | once euros con once céntimos
21.21 EUR | veintiún euros con veintiún céntimos
31.00 EUR | treinta y un euros
100.00 EUR | cien euros
101.00 EUR | ciento un euros
1234.56 EUR | mil doscientos treinta y cuatro euros con cincuenta y seis céntimos
-5.25 EUR | menos cinco euros con veinticinco céntimos
1000000 EUR | un millón de euros
2000000 EUR | dos millones de euros
1200000 EUR | un millón doscientos mil euros
1.01 USD | un dólar con un centavo
2.02 USD | dos dólares con dos centavos
1.01 GBP | una libra con un penique
21.21 GBP | veintiuna libras con veintiún peniques
31.00 GBP | treinta y una libras
101.00 GBP | ciento una libras
200.00 GBP | doscientas libras
999.00 GBP | novecientas noventa y nueve libras
200000 GBP | doscientas mil libras
200000000 GBP | doscientos millones de libras
21.01 CHF | veintiún francos suizos con un céntimo
1 JPY | un yen
2500 JPY | dos mil quinientos yenes
1.001 KWD | un dinar kuwaití con un fils
2.250 TND | dos dinares tunecinos con doscientos cincuenta milésimos
12.50 SEK | doce coma cinco cero S E K
21 SEK | veintiuno S E K
-0.009999 EUR | cero euros
1.999999 EUR | un euro con noventa y nueve céntimos
2026-01-01 | el uno de enero de dos mil veintiséis
2026-03-21 | el veintiuno de marzo de dos mil veintiséis
2031-12-31 | el treinta y uno de diciembre de dos mil treinta y uno
`);

describe('numbers, amounts and dates in Spanish', () => {
  it.each(TABLE)('says %s as "%s"', (what, words) => {
    expect(heard('es', what)).toBe(asHeard('es', words));
  });
});
